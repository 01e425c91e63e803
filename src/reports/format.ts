/**
 * Numbers as people read them, the same on every machine: thin spaces in thousands, a real minus sign,
 * and units that never begin a line.
 */
import type { Machine } from './report-data.ts';

export function whole(value: number): string {
  const digits = Math.round(Math.abs(value)).toString();
  return (value < 0 ? '−' : '') + digits.replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Three significant digits or so. */
export function decimal(value: number | null): string {
  if (value === null) return '–';
  const size = Math.abs(value);
  if (size >= 1000) return whole(value);
  return signed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

export function percent(rate: number, digits = 1): string {
  return `${signed(rate * 100, digits)}\u00a0%`;
}

/** A difference of two rates, in points, always with its sign. */
export function points(difference: number): string {
  return `${difference > 0 ? '+' : ''}${signed(difference * 100, 1)} points`;
}

export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const total = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}

export function bytes(value: number | null): string {
  if (value === null) return 'not measured';
  return value >= 2 ** 30 ? `${(value / 2 ** 30).toFixed(1)} GiB` : `${Math.round(value / 2 ** 20)} MiB`;
}

export function machineText(machine: Machine | null): string {
  if (machine === null) return 'not recorded';
  const { cpu, cores, memoryBytes, system, gpus } = machine;
  const cards = [...Map.groupBy(gpus ?? [], (name) => name)].map(
    ([name, all]) => `${all.length} × ${name}, `,
  );
  return `${cards.join('')}${cpu}, ${whole(cores)} cores, ${bytes(memoryBytes)}, ${system}`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${whole(value)} ${value === 1 ? one : many}`;
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

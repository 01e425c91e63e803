/** Names bound in a statement's own binder groups, as `n` and `m` in `(n m : Nat)` or `α` in `{α : Type _}`; instances name none. */
export function boundNames(statement: string): Set<string> {
  return new Set([...statement.matchAll(BINDER)].flatMap(([, names = '']) => names.split(/\s+/)));
}

const BINDER = /[({⦃]\s*((?:[^\s(){}[\]⦃⦄:,]+\s+)*[^\s(){}[\]⦃⦄:,]+)\s*:(?!=)/gu;

/** The same thing for somebody who closes what it is given: its `close` does nothing. */
export function borrow<T extends { close(): Promise<void> }>(owned: T): T {
  return new Proxy(owned, {
    get(target, key) {
      if (key === 'close') return async () => {};
      const value: unknown = Reflect.get(target, key, target);
      // Private fields are the target's own, so its methods must be called on it.
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

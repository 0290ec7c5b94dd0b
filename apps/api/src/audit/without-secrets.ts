const secret = /password|secret|token|authorization|cookie/i;

/** The value with whatever is kept under a secret's name hidden, at any depth. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [field, secret.test(field) ? '(hidden)' : withoutSecrets(inner)]),
  );
}

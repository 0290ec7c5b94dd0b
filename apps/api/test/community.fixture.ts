import type { Answer, TestApp } from './app.harness.js';

/** Three people who write: two customers and an admin, with their tokens. */
export async function writers(app: TestApp) {
  const ids = await app.query<{ id: number }>(
    `SELECT id FROM users WHERE user_type = 'customer' AND is_active AND id > 3 ORDER BY id LIMIT 2`,
  );
  const [ana, ben] = ids.map(({ id }) => id) as [number, number];
  const [asAna, asBen, asAdmin] = await Promise.all([app.token(ana), app.token(ben), app.token('admin')]);
  return { ana, ben, asAna, asBen, asAdmin };
}

export type Writers = Awaited<ReturnType<typeof writers>>;

/** Status and code of a problem; the places that it finds wrong, each once. */
export const refusal = ({ status, body }: Answer): unknown[] => [
  status,
  String(body['type'] ?? '').replace('https://techmart.dev/problems/', ''),
  ...new Set((body['errors'] ?? []).map((error: { pointer: string }) => error.pointer)),
];

/** Every row of a list, page by page with its cursor; `size` rows at a time. */
export async function readAll(app: TestApp, path: string, list: string, size: number): Promise<{ id: number }[]> {
  const rows: { id: number }[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const separator = path.includes('?') ? '&' : '?';
    const { body }: Answer = await app.get(`${path}${separator}page_size=${size}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    rows.push(...body[list]);
    cursor = body['pagination'].next_cursor;
  }
  return rows;
}

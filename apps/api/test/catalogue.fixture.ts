import type { Json, TestApp } from './app.harness.js';

let serial = 0;
const next = (): number => (serial += 1);

interface ProductFields {
  readonly name?: string;
  readonly brand?: string | null;
  readonly description?: string | null;
  readonly price?: number;
  readonly sale_price?: number | null;
  readonly stock_quantity?: number;
  readonly category_id?: number;
  readonly seller_id?: number | null;
  readonly is_active?: boolean;
  readonly is_featured?: boolean;
  readonly created_at?: string;
}

/** Puts a category below `parentId` into the table; its id. */
export async function addCategory(app: TestApp, name = `Category ${next()}`, parentId: number | null = null): Promise<number> {
  const sql = 'INSERT INTO categories (name, slug, parent_id) VALUES ($1, $2, $3) RETURNING id';
  const [row] = await app.query<{ id: number }>(sql, [name, `category-of-test-${next()}`, parentId]);
  return row!.id;
}

/** Puts a product into the table, of the house and without a brand unless told; its id. */
export async function addProduct(app: TestApp, given: ProductFields = {}): Promise<number> {
  const number = next();
  const fields = {
    name: `Thing ${number}`,
    price: 10,
    category_id: given.category_id ?? (await addCategory(app)),
    slug: `product-of-test-${number}`,
    sku: `TEST-${number}`,
    ...given,
  };
  const places = Object.keys(fields).map((_, index) => `$${index + 1}`);
  const sql = `INSERT INTO products (${Object.keys(fields).join(', ')}) VALUES (${places.join(', ')}) RETURNING id`;
  const [row] = await app.query<{ id: number }>(sql, Object.values(fields));
  return row!.id;
}

export const idsOf = (rows: Json[] | undefined): number[] => (rows ?? []).map((row) => row['id'] as number);

/** Ids of a search, all on one page. */
export async function searchIds(app: TestApp, body: Json): Promise<number[]> {
  const answer = await app.post('/products/search', { page_size: 100, ...body });
  if (answer.status !== 200) throw new Error(`the search was refused: ${answer.text}`);
  return idsOf(answer.body['products']);
}

/** The ids that a condition over `products p` is true of; only active ones. */
export async function idsWhere(app: TestApp, condition: string, order = 'p.name, p.id'): Promise<number[]> {
  return idsOf(await app.query(`SELECT p.id FROM products p WHERE p.is_active AND ${condition} ORDER BY ${order}`));
}

/** Ids of a whole list, page by page with its cursor, and how many pages that took. */
export async function walk(app: TestApp, body: Json, size: number): Promise<{ ids: number[]; pages: number }> {
  const ids: number[] = [];
  let cursor: string | null | undefined;
  for (let pages = 1; ; pages += 1) {
    const answer = await app.post('/products/search', { ...body, page_size: size, ...(cursor ? { cursor } : {}) });
    if (answer.status !== 200) throw new Error(`page ${pages} was refused: ${answer.text}`);
    ids.push(...idsOf(answer.body['products']));
    cursor = answer.body['pagination'].next_cursor as string | null;
    if (cursor === null) return { ids, pages };
  }
}

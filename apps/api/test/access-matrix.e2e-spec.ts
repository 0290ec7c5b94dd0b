import { startTestApp, type TestApp } from './app.harness.js';

type Caller = 'stranger' | 'customer' | 'seller' | 'otherSeller' | 'admin';
const callers: readonly Caller[] = ['stranger', 'customer', 'seller', 'otherSeller', 'admin'];
const roleOf: Record<Exclude<Caller, 'stranger'>, string> = {
  customer: 'customer',
  seller: 'seller',
  otherSeller: 'seller',
  admin: 'admin',
};

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly access: readonly string[];
}

async function operationsOf(app: TestApp): Promise<Operation[]> {
  const { paths } = (await app.get('/openapi.json')).body as { paths: Record<string, Record<string, { 'x-access': string[] }>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, access: operation['x-access'] })),
  );
}

/** An address and a body that are well formed but name nothing: enough to reach every guard, and nothing beyond. */
const nowhere = (path: string): string => path.replaceAll(/\{[^}]*slug\}/g, 'no-such-thing').replaceAll(/\{[^}]*\}/g, '999999999');

describe('who may call what', () => {
  let app: TestApp;
  let tokens: Record<Caller, string | undefined>;

  beforeAll(async () => {
    app = await startTestApp();
    const [first, second] = await app.query<{ id: number }>(
      `SELECT id FROM users WHERE user_type = 'seller' AND is_active ORDER BY id LIMIT 2`,
    );
    tokens = {
      stranger: undefined,
      customer: await app.token('customer'),
      seller: await app.token(first!.id),
      otherSeller: await app.token(second!.id),
      admin: await app.token('admin'),
    };
  });
  afterAll(() => app.close());

  it('has every route say who may call it', async () => {
    const operations = await operationsOf(app);
    expect(operations.filter(({ access }) => !Array.isArray(access) || access.length === 0)).toEqual([]);
    expect(operations.length).toBeGreaterThan(30);
  });

  it('answers 401 without a token, 403 to a wrong role, and neither to a right one, on every route', async () => {
    const wrong: string[] = [];
    for (const { method, path, access } of await operationsOf(app)) {
      if (path === '/metrics' || path.startsWith('/auth/')) continue;
      for (const caller of callers) {
        const expected = expectation(access, caller);
        const { status } = await app.call(method, nowhere(path), method === 'GET' || method === 'DELETE' ? undefined : {}, {
          as: tokens[caller],
        });
        const given = status === 401 || status === 403 ? status : 'through';
        if (given !== expected) wrong.push(`${method} ${path} as ${caller}: ${given}, expected ${expected}`);
        // Each caller's own session must survive the routes that end it.
        if (caller !== 'stranger' && path.startsWith('/users/profile') && method === 'DELETE') tokens[caller] = await renew(app, caller);
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ['garbage', 'garbage'],
    ['a token whose signature was cut', 'cut'],
    ['a token that claims no algorithm', 'none'],
  ])('refuses %s with 401 on every closed route', async (_, kind) => {
    const good = tokens.admin ?? '';
    const [header = '', payload = '', signature = ''] = good.split('.');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const bad = { garbage: 'x.y.z', cut: `${header}.${payload}.${signature.slice(2)}`, none: `${unsigned}.${payload}.` }[kind];
    const statuses = new Set<number>();
    for (const { method, path, access } of await operationsOf(app)) {
      if (access.includes('anyone')) continue;
      statuses.add((await app.call(method, nowhere(path), undefined, { as: bad })).status);
    }
    expect([...statuses]).toEqual([401]);
  });
});

function expectation(access: readonly string[], caller: Caller): 401 | 403 | 'through' {
  if (access.includes('anyone')) return 'through';
  if (caller === 'stranger') return 401;
  return access.includes(roleOf[caller]) ? 'through' : 403;
}

const spare = { customer: 0, seller: 0, otherSeller: 1, admin: 0 };
/** Another account of the same role: erasing a profile ends the account itself. */
async function renew(app: TestApp, caller: Exclude<Caller, 'stranger'>): Promise<string> {
  const sql = 'SELECT id FROM users WHERE user_type = $1 AND is_active ORDER BY id DESC OFFSET $2 LIMIT 1';
  const rows = await app.query<{ id: number }>(sql, [roleOf[caller], spare[caller]]);
  return app.token(rows[0]!.id);
}

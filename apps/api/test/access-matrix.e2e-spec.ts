import { startTestApp, type TestApp } from './app.harness.js';
import { documentedRoutes, rows } from './routes/routes.fixture.js';
import { callers, roles, World, type Caller } from './routes/world.fixture.js';

describe('who may call what', () => {
  let app: TestApp;
  let world: World;
  let documented: Awaited<ReturnType<typeof documentedRoutes>>;
  beforeAll(async () => {
    app = await startTestApp();
    world = await World.create(app);
    documented = await documentedRoutes(world);
  }, 120_000);
  afterAll(() => app.close());

  it('has every route say who may call it, and a row for each', () => {
    expect(documented.filter(({ access }) => !Array.isArray(access) || access.length === 0)).toEqual([]);
    expect([...new Set(rows.map(({ route }) => route))].toSorted()).toEqual(documented.map(({ route }) => route).toSorted());
  });

  it('expects of each caller what the document says of its role', () => {
    const wrong = rows.flatMap(({ route, of, statuses }) => {
      const { access = [], statuses: known = [] } = documented.find((entry) => entry.route === route) ?? {};
      return callers
        .filter((caller) => !agrees(statuses[caller], access, caller) || !known.includes(statuses[caller]))
        .map((caller) => `${route} ${of} as ${caller}: ${statuses[caller]}`);
    });
    expect(wrong).toEqual([]);
  });

  it.each(rows.map((entry) => [entry.of === '' ? entry.route : `${entry.route} (of ${entry.of})`, entry] as const))(
    '%s',
    async (_, { route, build, statuses }) => {
      const method = route.split(' ')[0] ?? '';
      const given: Partial<Record<Caller, number>> = {};
      for (const caller of callers) {
        const request = await build(world, caller);
        const { path, body, headers = {} } = request;
        const { status } = await app.call(method, path, body, { as: request.as ?? world.tokenOf(caller), headers });
        given[caller] = status;
      }
      expect(given).toEqual(statuses);
    },
  );

  it.each([
    ['garbage', 'garbage'],
    ['a token whose signature was cut', 'cut'],
    ['a token that claims no algorithm', 'none'],
  ])('refuses %s with 401 on every closed route', async (_, kind) => {
    const [header = '', payload = '', signature = ''] = world.people.admin.token.split('.');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const bad = { garbage: 'x.y.z', cut: `${header}.${payload}.${signature.slice(2)}`, none: `${unsigned}.${payload}.` }[kind];
    const statuses = new Set<number>();
    for (const { route, access } of documented.filter(({ access }) => !access.includes('anyone'))) {
      const [method = '', path = ''] = route.split(' ');
      statuses.add((await app.call(method, path.replaceAll(/\{[^}]*\}/g, '999999999'), undefined, { as: bad })).status);
      expect(access.length).toBeGreaterThan(0);
    }
    expect([...statuses]).toEqual([401]);
  });
});

/** 401 for a stranger, 403 for a wrong role, on closed routes; and neither for others, unless a rule of the route says 403. */
function agrees(status: number, access: readonly string[], caller: Caller): boolean {
  if (access.includes('anyone')) return status < 400;
  const role = roles[caller];
  if (role === undefined) return status === 401;
  return access.includes(role) ? status !== 401 : status === 403;
}

import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { newAdmin, newWebhook, Receiver, startEventsApp, until, writeEvents } from './events.fixture.js';
import { FaultModule } from './alert-delivery.fixture.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';

const spansOf = (collector: Receiver): Json[] =>
  collector
    .at('/v1/traces')
    .flatMap(({ body }) => body['resourceSpans'] as Json[])
    .flatMap((resource) => resource['scopeSpans'] as Json[])
    .flatMap((scope) => scope['spans'] as Json[]);

describe('traces', () => {
  let collector: Receiver;
  let app: TestApp | undefined;
  beforeEach(async () => {
    collector = await Receiver.start();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await collector.stop();
  });

  const tracing = { endpoint: '', sampleRatio: 1 };

  it('go on where the caller began, with the statements of the request under it, to the collector', async () => {
    app = await startTestApp({
      modules: [FaultModule],
      config: (base) => ({ ...base, tracing: { ...tracing, endpoint: collector.url('') } }),
    });
    await app.get('/products/1', { headers: { traceparent: `00-${traceId}-${parentId}-01` } });
    await app.get('/fault/slow', { headers: { traceparent: `00-${traceId}-${parentId}-01` } });
    expect((await app.get('/metrics')).text).toContain(`# {trace_id="${traceId}"}`);
    await app.close();
    app = undefined;
    const spans = spansOf(collector);
    const server = spans.find(({ name }) => name === 'GET /products/:id');
    expect(server).toMatchObject({ traceId, parentSpanId: parentId });
    const select = spans.find(({ name, parentSpanId }) => name === 'SELECT' && parentSpanId === server?.['spanId']);
    expect(select).toMatchObject({ traceId });
    expect(select?.['attributes']).toContainEqual({ key: 'db.system.name', value: { stringValue: 'postgresql' } });
  });

  it('leave out what the caller does not sample, and keep requests going while the collector is away', async () => {
    const away = collector.url('');
    app = await startTestApp({ config: (base) => ({ ...base, tracing: { ...tracing, endpoint: away } }) });
    await app.get('/products/1', { headers: { traceparent: `00-${traceId}-${parentId}-00` } });
    await collector.stop();
    expect((await app.get('/products/1')).status).toBe(200);
    await app.close();
    app = undefined;
    expect(spansOf(collector).filter((span) => span['traceId'] === traceId)).toEqual([]);
    collector = await Receiver.start();
  });

  it('are handed on to the servers that are called', async () => {
    app = await startEventsApp({ config: (base) => ({ ...base, tracing: { ...tracing, endpoint: collector.url('') } }) });
    await newWebhook(app, await newAdmin(app), collector.url('/hook'));
    await writeEvents(app, 1, 1);
    const [sent] = await until(() => collector.at('/hook'), ({ length }) => length > 0); // prettier-ignore
    await app.close();
    app = undefined;
    const span = spansOf(collector).find(({ name }) => (name as string).startsWith('POST http'));
    expect(sent?.headers['traceparent']).toBe(`00-${span?.['traceId']}-${span?.['spanId']}-01`);
    expect(span?.['attributes']).toContainEqual({ key: 'http.response.status_code', value: { intValue: 200 } });
  });
});

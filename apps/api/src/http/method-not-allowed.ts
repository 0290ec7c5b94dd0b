import { Problem } from '@app/common';
import type { FastifyInstance } from 'fastify';
import createRouter from 'find-my-way';

const known = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof known)[number];

/**
 * Which methods a path has. Fastify answers 404 for a path that exists under other methods only; RFC 9110 section 15.5.6 wants 405 with
 * `Allow`. Collects the routes as they are registered.
 */
export class AllowedMethods {
  private readonly router = createRouter();
  private readonly methods = new Map<string, Set<Method>>();
  private isComplete = false;

  constructor(private readonly server: FastifyInstance) {
    server.addHook('onRoute', ({ method, url }) => {
      if (!this.isComplete) this.add([method].flat(), url);
    });
  }

  /** Of the template that says most of the path: that of `/products/popular` is its own, not `/products/:id`. Empty: nothing is there. */
  of(path: string): Method[] {
    const templates = known.flatMap((method) => (this.router.find(method, path)?.store as string | undefined) ?? []);
    const [best] = templates.toSorted((a, b) => parametersIn(a) - parametersIn(b));
    return known.filter((method) => best !== undefined && this.methods.get(best)?.has(method));
  }

  /**
   * To be called once all routes are registered: a method that only a template with parameters has is refused on the path that has a
   * template of its own, which the router would take for a value of the parameter.
   */
  refuseOthers(): void {
    this.isComplete = true;
    for (const template of [...this.methods.keys()].filter((url) => parametersIn(url) === 0)) {
      const allowed = this.of(template);
      const others = known.filter((method) => !allowed.includes(method) && this.router.find(method, template) !== null);
      for (const method of others) this.refuse(method, template, allowed);
    }
  }

  private add(methods: readonly string[], url: string): void {
    for (const method of known.filter((name) => methods.includes(name))) {
      if (this.router.hasRoute(method, url)) continue;
      this.router.on(method, url, () => undefined, url);
      this.methods.set(url, (this.methods.get(url) ?? new Set()).add(method));
    }
  }

  private refuse(method: Method, url: string, allowed: readonly Method[]): void {
    const problem = methodNotAllowed(method, allowed);
    // Before the body is looked at, whose type may be one that nobody reads.
    this.server.route({
      method,
      url,
      exposeHeadRoute: false,
      onRequest: (_request, _reply, done) => done(problem),
      handler: () => undefined,
    });
  }
}

const parametersIn = (template: string): number => template.split(/[:*]/).length - 1;

export const methodNotAllowed = (method: string, allowed: readonly string[]): Problem =>
  new Problem(405, 'method-not-allowed', 'Method not allowed', `${method} is not possible here`, {
    headers: { allow: allowed.join(', ') },
  });

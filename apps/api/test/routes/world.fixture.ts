import { openAccount, openAndLogIn, type Account, type LoggedIn } from '../accounts.fixture.js';
import type { Answer, Json, TestApp } from '../app.harness.js';
import { newProduct, newUser, newUsers, placeOrder, type Shopper } from '../checkout.fixture.js';
import type { Role } from '../../src/http/access.js';

/** Who calls: a stranger has no token; `other` and `rival` are what `owner` and `seller` are, and own none of their things. */
export const callers = ['stranger', 'owner', 'other', 'seller', 'rival', 'admin'] as const;
export type Caller = (typeof callers)[number];

export const roles: Readonly<Record<Caller, Role | undefined>> = {
  stranger: undefined,
  owner: 'customer',
  other: 'customer',
  seller: 'seller',
  rival: 'seller',
  admin: 'admin',
};

const nobody: Shopper = { id: 0, token: '' };

/** The people of the matrix, and new things of theirs: each call of a route that changes something has one of its own. */
export class World {
  private made = 0;

  private constructor(
    readonly app: TestApp,
    readonly people: Readonly<Record<Exclude<Caller, 'stranger'>, Shopper>>,
  ) {}

  /** The owner has several of everything that is listed. */
  static async create(app: TestApp): Promise<World> {
    const [[owner, other], [seller, rival], admin] = [
      await newUsers(app, 2),
      await newUsers(app, 2, 'seller'),
      await newUser(app, 'admin'),
    ];
    const world = new World(app, { owner: owner!, other: other!, seller: seller!, rival: rival!, admin });
    for (let n = 0; n < 5; n += 1) {
      await world.order();
      await world.mixedOrder();
      await world.review();
      await world.category();
      await world.cartLine('owner');
      await app.token(world.people.owner.id);
    }
    return world;
  }

  tokenOf(caller: Caller): string | undefined {
    return caller === 'stranger' ? undefined : this.people[caller].token;
  }

  name(kind: string): string {
    this.made += 1;
    return `${kind} ${this.made}`;
  }

  account = (): Promise<Account> => openAccount(this.app);
  loggedIn = (): Promise<Account & LoggedIn> => openAndLogIn(this.app);
  /** Somebody of the caller's role who may be closed. */
  twin = async (caller: Caller): Promise<string | undefined> => {
    const role = roles[caller];
    return role && (await newUser(this.app, role)).token;
  };

  category = (): Promise<number> => this.create('/categories', { name: this.name('Shelf') }, 'admin');
  /** The seller's. */
  product = (): Promise<number> => newProduct(this.app, { seller: this.people.seller });
  houseProduct = (): Promise<number> => newProduct(this.app);
  tag = (): Promise<number> => this.create('/tags', { name: this.name('Tag') }, 'admin');
  post = (): Promise<number> => this.create('/posts', { title: 'A title', body: 'A body' }, 'owner');
  comment = async (): Promise<number> => this.create(`/posts/${await this.post()}/comments`, { body: 'Well said' }, 'owner');
  review = async (): Promise<number> => this.create(`/products/${await this.product()}/reviews`, { rating: 4 }, 'owner');
  order = async (): Promise<number> => this.placed([await this.product()]);
  /** The seller's and the rival's. */
  mixedOrder = async (): Promise<number> =>
    this.placed([await this.product(), await newProduct(this.app, { seller: this.people.rival }), await this.houseProduct()]);

  /** The product of a new line in the caller's cart. */
  cartLine = async (caller: Caller): Promise<number> => {
    const product_id = await this.houseProduct();
    if (caller !== 'stranger') await this.app.post('/cart/add', { product_id, quantity: 1 }, { as: this.tokenOf(caller) });
    return product_id;
  };

  /** A further log-in of the owner. */
  session = async (): Promise<string> => {
    const [, claims = ''] = (await this.app.token(this.people.owner.id)).split('.');
    return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sid: string }).sid;
  };

  private async placed(products: readonly number[]): Promise<number> {
    const answer = await placeOrder(this.app, this.people.owner, products.map((product) => [product, 1] as const)); // prettier-ignore
    return created(answer);
  }

  private async create(path: string, body: Json, as: Exclude<Caller, 'stranger'>): Promise<number> {
    return created(await this.app.post(path, body, { as: (this.people[as] ?? nobody).token }));
  }
}

function created({ status, body, text }: Answer): number {
  if (status !== 201) throw new Error(`${status}: ${text}`);
  return body['id'] as number;
}

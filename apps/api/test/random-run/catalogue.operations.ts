import type { Answer, Json } from '../app.harness.js';
import { admin, mostly, nobody, seller, type Operations, type Turn } from './world.fixture.js';

let made = 0;
const name = (kind: string): string => `${kind} ${(made += 1)}`;

const category = ({ world, chance }: Turn): number => chance.pick(world.categories, 987_654_321);
/** Few enough that moves meet, and that some would make a ring. */
const parent = (turn: Turn): number | null => (turn.chance.is(0.3) ? null : category(turn));
const keep = <T>(list: T[], most: number, value: T): void => void (list.length < most ? list.push(value) : (list[made % most] = value));

const productChange = (turn: Turn): Json => {
  const { chance } = turn;
  const price = chance.int(100, 3000) / 100;
  return chance.pick<Json>(
    [
      { price, sale_price: null },
      { price, sale_price: chance.int(1, price * 100) / 100 },
      { stock_quantity: chance.int(0, 200) },
      { stock_quantity: chance.int(11, 60) },
      { name: name('Renamed thing') },
      { category_id: chance.pick(turn.world.categories, 1) },
    ],
    {},
  );
};

async function createProduct(turn: Turn): Promise<Answer> {
  const { app, world, chance } = turn;
  const owner = seller(turn);
  const body = {
    name: name('Made thing'),
    sku: name('MADE'),
    price: chance.int(100, 900) / 100,
    stock_quantity: chance.int(0, 40),
    category_id: 1,
  };
  const answer = await app.post('/products', body, { as: mostly(turn, owner).token });
  if (answer.status === 201) keep(world.others, 10, { id: answer.body['id'], seller: owner });
  return answer;
}

async function createCategory(turn: Turn): Promise<Answer> {
  const body = { name: turn.chance.is(0.2) ? 'Twin' : name('Shelf'), parent_id: parent(turn) };
  const answer = await turn.app.post('/categories', body, { as: admin(turn).token });
  if (answer.status === 201) keep(turn.world.categories, 10, answer.body['id']);
  return answer;
}

export const catalogueOperations: Operations = {
  'POST /categories': [12, createCategory],
  'PATCH /categories/{id}': [
    25,
    (turn) => {
      const change = turn.chance.is(0.7) ? { parent_id: parent(turn) } : { name: name('Renamed shelf') };
      return turn.app.patch(`/categories/${category(turn)}`, change, { as: mostly(turn, admin(turn)).token });
    },
  ],
  'DELETE /categories/{id}': [5, (turn) => turn.app.delete(`/categories/${category(turn)}`, { as: mostly(turn, admin(turn)).token })],
  'POST /products': [8, createProduct],
  'PATCH /products/{id}': [
    25,
    (turn) => {
      const { world, chance } = turn;
      const path = `/products/${chance.is(0.7) ? chance.pick(world.products, 1) : chance.pick(world.others, { id: 1, seller: nobody }).id}`;
      return turn.app.patch(path, productChange(turn), { as: mostly(turn, admin(turn)).token });
    },
  ],
  'DELETE /products/{id}': [
    4,
    (turn) => {
      const { id, seller: owner } = turn.chance.pick(turn.world.others, { id: 987_654_321, seller: nobody });
      return turn.app.delete(`/products/${id}`, { as: mostly(turn, owner).token });
    },
  ],
};

import { z } from 'zod';
import { pageParameters, pagination } from '../../http/page.js';
import { answeredTimestamp, id } from '../../http/schema.js';
import { eventPatterns } from '../event-catalogue.js';
import { secretPattern } from './webhook-signature.js';

// Anybody who lists webhooks would read a password in the address, and no request carries a fragment.
const address = /^https?:\/\/[^/?#@\\]+(?:[/?][^#]*)?$/i;

/** What the column holds. Encoding makes an address longer. */
const fits = (value: string): boolean => new URL(value).href.length <= 2048;

const url = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address', abort: true })
  .max(2000, { abort: true })
  .regex(address, { error: 'must have no user, no password and no fragment', abort: true })
  .refine(fits, 'must have at most 2048 characters when it is encoded');

const eventType = z.enum(eventPatterns);
const secretExample = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export const newWebhook = z
  .strictObject({
    url: url.describe('https; http, too, in private networks that are configured'),
    event_types: z.array(eventType).min(1).max(eventPatterns.length).describe('`order.*` stands for all of orders, `*` for everything'),
    secret: z
      .string()
      .regex(secretPattern, 'must be whsec_ and 24 to 64 bytes in base64')
      .optional()
      .describe('`whsec_` and 24 to 64 bytes in base64; made at random unless given'),
  })
  .meta({ id: 'NewWebhook', examples: [{ url: 'https://shop.example.com/hooks', event_types: ['order.*', 'product.stock_low'] }] });
export type NewWebhook = z.output<typeof newWebhook>;

const fields = {
  id,
  url: z.string(),
  event_types: z.array(eventType),
  is_active: z.boolean(),
  created_by: id.nullable(),
  created_at: answeredTimestamp,
};
const example = {
  id: 1,
  url: 'https://shop.example.com/hooks',
  event_types: ['order.*' as const],
  is_active: true,
  created_by: 1,
  created_at: '2026-01-31T12:00:00.000Z' as unknown as Date,
};

export const webhook = z.object(fields).meta({ id: 'Webhook', examples: [example] });
export type Webhook = z.output<typeof webhook>;

export const createdWebhook = z
  .object({ ...fields, secret: z.string().describe('Shown here and never again') })
  .meta({ id: 'CreatedWebhook', examples: [{ ...example, secret: secretExample }] });

export const webhooksQuery = z.object(pageParameters);
export type WebhooksQuery = z.output<typeof webhooksQuery>;
export const webhooksPage = z.object({ webhooks: z.array(webhook), pagination }).meta({ id: 'WebhooksPage' });

const statuses = ['pending', 'delivered', 'dead'] as const;

export const delivery = z
  .object({
    id,
    webhook_id: id,
    event: z.object({ id: z.string().describe('As in `webhook-id`'), type: z.string(), created_at: answeredTimestamp }),
    status: z.enum(statuses).describe('dead: given up after the last attempt'),
    attempts: z.int(),
    next_attempt_at: answeredTimestamp.nullable().describe('null: no attempt will be made'),
    last_status: z.int().nullable().describe('What the receiver answered last; null: nothing'),
    last_error: z.string().nullable(),
    created_at: answeredTimestamp,
    delivered_at: answeredTimestamp.nullable(),
  })
  .meta({
    id: 'WebhookDelivery',
    examples: [
      {
        id: 7,
        webhook_id: 1,
        event: { id: 'evt_42', type: 'order.placed', created_at: '2026-01-31T12:00:00.000Z' },
        status: 'pending',
        attempts: 2,
        next_attempt_at: '2026-01-31T12:00:09.000Z',
        last_status: 503,
        last_error: 'answered 503',
        created_at: '2026-01-31T12:00:00.000Z',
        delivered_at: null,
      },
    ],
  });
export type Delivery = z.output<typeof delivery>;

export const deliveriesQuery = z.object({ ...pageParameters, status: z.enum(statuses).optional() });
export type DeliveriesQuery = z.output<typeof deliveriesQuery>;
export const deliveriesPage = z.object({ deliveries: z.array(delivery), pagination }).meta({ id: 'WebhookDeliveriesPage' });

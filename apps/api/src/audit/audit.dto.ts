import { z } from 'zod';
import { pageParameters, pagination } from '../http/page.js';
import { answeredTimestamp, idParameter, line } from '../http/schema.js';

// PostgreSQL knows no year 0.
const instant = z.iso.datetime().regex(/^(?!0000)/, 'must be of year 1 or later');

export const auditQuery = z.object({
  ...pageParameters,
  actor_id: idParameter.optional(),
  entity_type: line(30).optional(),
  entity_id: idParameter.optional(),
  action: line(50).optional(),
  from: instant.optional().describe('Not before this time'),
  to: instant.optional().describe('Before this time'),
});
export type AuditQuery = z.output<typeof auditQuery>;

export const auditEntry = z
  .object({
    id: z.int(),
    actor: z.object({ id: z.int(), username: z.string() }).nullable(),
    action: z.string(),
    entity_type: z.string(),
    entity_id: z.int().nullable(),
    changes: z.record(z.string(), z.unknown()),
    request_id: z.string().nullable(),
    created_at: answeredTimestamp,
  })
  .meta({
    id: 'AuditEntry',
    examples: [
      {
        id: 7,
        actor: { id: 1, username: 'admin' },
        action: 'product.update',
        entity_type: 'product',
        entity_id: 42,
        changes: { price: 19.99 },
        request_id: '0198f1c2-7d5a-7000-8000-000000000000',
        created_at: '2026-01-31T12:00:00.000Z',
      },
    ],
  });
export type AuditRow = z.infer<typeof auditEntry>;

export const auditPage = z.object({ entries: z.array(auditEntry), pagination }).meta({ id: 'AuditPage' });
export type AuditPage = z.output<typeof auditPage>;

import { currentRequest } from '@app/common';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { paginate, pageWindow } from '../http/page.js';
import { id } from '../http/schema.js';
import type { AuditPage, AuditQuery } from './audit.dto.js';
import { invalidCursor } from './audit.problems.js';
import { AuditRepository } from './audit.repository.js';
import { withoutSecrets } from './without-secrets.js';

export interface AuditEntry {
  /** Who did it; null: the system itself. */
  readonly actorId: number | null;
  /** What was done, as `<entity>.<verb>`: `product.update`. */
  readonly action: string;
  readonly entityType: string;
  readonly entityId: number | null;
  /** The fields that changed, with their new values or with `{ from, to }`. Secrets among them are hidden before they are stored. */
  readonly changes?: Readonly<Record<string, unknown>>;
}

const kind = 'audit';
const cursorKey = z.tuple([id]);

/** Who changed what. Written in the transaction of the change itself, so neither is there without the other. */
@Injectable()
export class AuditService {
  constructor(private readonly audit: AuditRepository) {}

  record(manager: EntityManager, { changes = {}, ...entry }: AuditEntry): Promise<void> {
    const stored = JSON.stringify(withoutSecrets(changes));
    return this.audit.insert(manager, { ...entry, changes: stored, requestId: currentRequest()?.requestId ?? null });
  }

  async list(query: AuditQuery): Promise<AuditPage> {
    const window = pageWindow(query, kind);
    const after = window.after && cursorKey.safeParse(window.after);
    if (after && !after.success) throw invalidCursor();
    const { limit, offset } = window;
    const { entries, total } = await this.audit.find(query, { limit, offset, beforeId: after?.data[0] ?? null });
    const { rows, pagination } = paginate(entries, window, total, { kind, key: (row) => [row.id] });
    return { entries: [...rows], pagination };
  }
}

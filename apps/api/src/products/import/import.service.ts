import { isConnectionError, PoolExhaustedError } from '@app/database';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CONFIG } from '../../app.tokens.js';
import { AuditService } from '../../audit/audit.service.js';
import { CategoriesService } from '../../categories/categories.service.js';
import type { Config } from '../../config.js';
import type { Identity } from '../../http/access.js';
import { CategoryPlaces } from './categories/category-places.js';
import { CsvReader, isBroken } from './csv/csv-reader.js';
import { TextDecoding } from './csv/decode.js';
import { detectFormat, isKnownColumn } from './formats/detect-format.js';
import type { ProductFormat } from './formats/product-format.js';
import { ImportRun } from './import-run.js';
import type { ImportReport } from './import.dto.js';
import { CutShort, emptyFile, importInterrupted, importRunning, importsBusy, unreadableHeader } from './import.problems.js';
import { ImportRepository } from './import.repository.js';
import { importSql } from './import.sql.js';
import { ProductBatches } from './product-batches.js';
import type { Upload } from './upload.js';

const renewalMs = 30_000;

interface Import {
  readonly actor: Identity;
  readonly upload: Upload;
  readonly isDryRun: boolean;
}

/** A file whose header has been read. */
interface OpenFile {
  readonly reader: CsvReader;
  readonly decoding: TextDecoding;
  readonly format: ProductFormat;
  readonly unknownColumns: readonly string[];
}

@Injectable()
export class ImportService {
  private readonly logger = new Logger('Import');
  private readonly most: number;
  private running = 0;

  /** A quarter of the pool at most is busy with imports. */
  constructor(
    @Inject(CONFIG) config: Config,
    private readonly imports: ImportRepository,
    private readonly batches: ProductBatches,
    private readonly categories: CategoriesService,
    private readonly audit: AuditService,
  ) {
    this.most = Math.max(1, Math.floor(config.database.poolSize / 4));
  }

  /** Reads the file as it comes. Throws a problem that holds the report so far when it cannot be read to its end. */
  async import(given: Import): Promise<ImportReport> {
    if (this.running >= this.most) throw importsBusy();
    this.running += 1;
    try {
      return await this.inTurn(given.actor.userId, () => this.read(given));
    } finally {
      this.running -= 1;
    }
  }

  /** One import of a user at a time, in all replicas. */
  private async inTurn<T>(userId: number, work: () => Promise<T>): Promise<T> {
    const holder = randomUUID();
    if (!(await this.imports.claimTurn(userId, holder))) throw importRunning();
    const renewal = setInterval(() => {
      this.imports.claimTurn(userId, holder).catch((error: unknown) => this.logger.warn({ err: error }, 'the lease could not be renewed'));
    }, renewalMs);
    try {
      return await work();
    } finally {
      clearInterval(renewal);
      await this.imports.endTurn(userId, holder).catch((error: unknown) => {
        this.logger.warn({ err: error }, 'the lease could not be given back and will expire');
      });
    }
  }

  private async read(given: Import): Promise<ImportReport> {
    const file = await openFile(given.upload);
    const run = await this.begin(given, file);
    const report = (): ImportReport =>
      run.report.finish({
        dry_run: given.isDryRun,
        format: file.format.name,
        encoding: file.decoding.encoding,
        delimiter: file.reader.delimiter,
      });
    try {
      await readRows(file.reader, run);
    } catch (error) {
      await this.record(given, report(), error instanceof CutShort ? error.code : 'failed').catch((failure: unknown) => {
        this.logger.error({ err: failure }, 'an import that failed could not be entered in the audit log');
      });
      throw withReport(error, report());
    }
    warnAtEnd(given, file, run);
    await this.record(given, report(), 'complete');
    return report();
  }

  private async begin({ actor, isDryRun }: Import, { format, reader, unknownColumns }: OpenFile): Promise<ImportRun> {
    const { userId: actorId, role } = actor;
    const { line, fields: header } = reader.headerRow;
    const create = async (name: string, parentId: number | null) => this.categories.create(actorId, { name, parent_id: parentId });
    const places = await CategoryPlaces.load({ load: () => this.imports.findCategories(), ...(isDryRun ? {} : { create }) });
    const ownerId = role === 'admin' ? null : actorId;
    const target = { actorId, ownerId, isDryRun, isSlugFirm: format.isSlugFirm, sql: importSql(format.sets) };
    const run = new ImportRun({ header, format, places, write: (rows) => this.batches.write(rows, target) });
    if (unknownColumns.length > 0)
      run.report.warn({ line, column: null, message: `columns that are not used: ${unknownColumns.join(', ')}` });
    return run;
  }

  private async record({ actor, isDryRun }: Import, report: ImportReport, outcome: string): Promise<void> {
    if (isDryRun) return;
    const { format, rows, created, updated, unchanged, failed } = report;
    const changes = { outcome, format, rows, created, updated, unchanged, failed };
    const entry = { actorId: actor.userId, action: 'product.import', entityType: 'product', entityId: null, changes };
    await this.imports.writing(actor.userId, (manager) => this.audit.record(manager, entry));
  }
}

async function openFile(upload: Upload): Promise<OpenFile> {
  const decoding = new TextDecoding();
  const reader = new CsvReader(decoding.decode(upload));
  try {
    const header = await reader.readHeader(isKnownColumn);
    if (!header) throw emptyFile('there is nothing but white space');
    if (isBroken(header)) throw unreadableHeader(header.line, header.fault);
    const { format, unknown } = detectFormat(header.fields);
    return { reader, decoding, format, unknownColumns: unknown };
  } catch (error) {
    throw withReport(error);
  }
}

/** An upload that ends early ends between two rows for us: what came before is written, and the row it ends in is not. */
async function readRows(reader: CsvReader, run: ImportRun): Promise<void> {
  try {
    for await (const row of reader.rows()) await run.add(row);
    await run.finish();
  } catch (error) {
    await (error instanceof CutShort ? run.flush() : run.settle());
    throw error;
  }
}

function warnAtEnd({ upload }: Import, { decoding }: OpenFile, { report }: ImportRun): void {
  const warn = (message: string): void => report.warn({ line: null, column: null, message });
  if (decoding.isDamaged) warn('some characters are not valid UTF-8 and were replaced by U+FFFD');
  for (const part of upload.strayParts) warn(`the form has a part "${part}" after the file, which was ignored`);
}

function withReport(error: unknown, report?: ImportReport): unknown {
  if (error instanceof CutShort) return error.toProblem(report);
  const isAway = isConnectionError(error) || error instanceof PoolExhaustedError;
  return isAway && report ? importInterrupted(error, report) : error;
}

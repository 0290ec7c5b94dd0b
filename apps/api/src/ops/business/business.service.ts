import type { Clock } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from '../../app.tokens.js';
import type { BusinessReport } from './business.dto.js';
import { BusinessRepository } from './business.repository.js';

/** The figures as the worker left them. Where none has run yet, as in a process without one, the first reader computes them. */
@Injectable()
export class BusinessService {
  constructor(
    private readonly business: BusinessRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async read(): Promise<BusinessReport> {
    const kept = await this.business.read();
    if (kept) return kept;
    await this.business.compute(new Date(this.clock.now()));
    const computed = await this.business.read();
    if (!computed) throw new Error('the figures were computed and are not there');
    return computed;
  }
}

import { limitChecked, type LimitChecked } from '@app/common';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { addCounter } from '../collected-counter.js';
import { endpointLabels } from '../endpoint-labels.js';

const labelNames = ['method', 'route', 'result'] as const;

/** Each decision of the limiter. Its policies are route templates, so there are as many as there are routes. */
@Injectable()
export class LimitMetrics implements OnModuleInit, OnModuleDestroy {
  private readonly byPolicy = new Map<string, Map<string, number>>();
  private stop: () => void = () => undefined;

  constructor() {
    const decisions = addCounter('rate_limit_decisions_total', 'Decisions of the rate limiter', { labelNames }, () => {
      for (const [policy, counts] of this.byPolicy)
        for (const [result, count] of counts) decisions.inc({ ...endpointLabels(policy), result }, count);
    });
  }

  onModuleInit(): void {
    this.stop = limitChecked.subscribe((fact) => this.record(fact));
  }

  onModuleDestroy(): void {
    this.stop();
  }

  private record({ policy, result, isShadowed }: LimitChecked): void {
    const counts = this.byPolicy.get(policy) ?? this.add(policy);
    const label = isShadowed ? 'shadowed' : result;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }

  private add(policy: string): Map<string, number> {
    const counts = new Map<string, number>();
    this.byPolicy.set(policy, counts);
    return counts;
  }
}

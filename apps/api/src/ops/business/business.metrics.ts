import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Gauge } from 'prom-client';
import type { BusinessReport } from './business.dto.js';
import { BusinessService } from './business.service.js';

const refreshMs = 15_000;
const timer = 'business-metrics';

type Read = (report: BusinessReport) => number;

const gauges: readonly (readonly [name: string, help: string, read: Read])[] = [
  ['techmart_users', 'Accounts', (report) => report.users.total],
  ['techmart_users_active_today', 'Users who logged in today (UTC)', (report) => report.users.active_today],
  ['techmart_users_new_today', 'Accounts opened today (UTC)', (report) => report.users.new_today],
  ['techmart_products', 'Products on sale', (report) => report.products.total],
  ['techmart_products_low_stock', 'Products on sale of which 10 or fewer are left', (report) => report.products.low_stock],
  ['techmart_orders_today', 'Orders placed today (UTC)', (report) => report.orders.today],
  ['techmart_orders_yesterday', 'Orders placed yesterday (UTC)', (report) => report.orders.yesterday],
  ['techmart_orders_last_hour', 'Orders placed in the last hour', (report) => report.orders.last_hour],
  ['techmart_orders_growth_percent', 'Orders of today against yesterday', (report) => report.orders.growth],
  ['techmart_revenue_today', 'Total of the orders placed today that are not cancelled', (report) => report.revenue.today],
  ['techmart_revenue_30_days', 'Total of the orders of 30 days that are not cancelled', (report) => report.revenue.month],
  ['techmart_order_value_average', 'Mean total of those orders', (report) => report.revenue.avg_order_value],
  ['techmart_cart_conversion_ratio', 'Share of shoppers of 7 days that ordered', (report) => report.conversion],
  ['techmart_business_computed_timestamp_seconds', 'When these figures were computed', (report) => report.computed_at.getTime() / 1000],
];

/** The business figures as gauges. They are read in the background: a scrape asks the database nothing. */
@Injectable()
export class BusinessMetrics implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Business');
  private report: BusinessReport | undefined;

  constructor(
    private readonly business: BusinessService,
    private readonly timers: SchedulerRegistry,
  ) {
    for (const [name, help, read] of gauges) this.addGauge(name, help, read);
    const byStatus: Gauge<'status'> = new Gauge({
      name: 'techmart_orders',
      help: 'Orders by status',
      labelNames: ['status'],
      collect: () => {
        for (const [status, count] of Object.entries(this.report?.orders.by_status ?? {})) byStatus.set({ status }, count);
      },
    });
    const sold: Gauge<'rank' | 'product'> = new Gauge({
      name: 'techmart_top_product_sold',
      help: 'Pieces sold in 7 days of the five products that sold most',
      labelNames: ['rank', 'product'],
      collect: () => {
        sold.reset();
        this.report?.top_products.forEach(({ name, total_sold: pieces }, index) => sold.set({ rank: index + 1, product: name }, pieces));
      },
    });
  }

  /** As it was read last; undefined before that. */
  get latest(): BusinessReport | undefined {
    return this.report;
  }

  onApplicationBootstrap(): void {
    this.timers.addInterval(
      timer,
      setInterval(() => void this.refresh(), refreshMs),
    );
    void this.refresh();
  }

  onModuleDestroy(): void {
    if (this.timers.doesExist('interval', timer)) this.timers.deleteInterval(timer);
  }

  /** Keeps the figures it has when the database is away: their age is a metric too. */
  async refresh(): Promise<void> {
    try {
      this.report = await this.business.read();
    } catch (error) {
      this.logger.warn({ err: error }, 'the business figures could not be read');
    }
  }

  private addGauge(name: string, help: string, read: Read): void {
    const gauge: Gauge = new Gauge({ name, help, collect: () => gauge.set(this.report ? read(this.report) : Number.NaN) });
  }
}

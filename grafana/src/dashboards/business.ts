import { application, dashboardOf } from '../frame.js';
import { toDashboard, toRunbook } from '../links.js';
import { graph, stacked, stat, table } from '../panels.js';
import { most } from '../queries.js';

const money = 'currencyUSD';
const figure = (title: string, description: string, gauge: string, unit = 'short') =>
  stat({ title, description, unit, queries: { [title.toLowerCase()]: most(gauge) } });

const sales = [
  figure('Orders today', 'Placed since midnight (UTC).', 'techmart_orders_today'),
  figure('Orders yesterday', 'Placed on the day before (UTC).', 'techmart_orders_yesterday'),
  stat({
    title: 'Growth',
    description: 'Orders of today against those of the whole of yesterday: negative until the day has caught up.',
    unit: 'percent',
    queries: { growth: most('techmart_orders_growth_percent') },
  }),
  figure('Revenue today', 'Total of the orders of today that are not cancelled.', 'techmart_revenue_today', money),
  figure('Revenue of 30 days', 'Total of the orders of 30 days that are not cancelled.', 'techmart_revenue_30_days', money),
  figure('Average order', 'Mean total of those orders.', 'techmart_order_value_average', money),
  graph({
    title: 'Orders of the last hour',
    description: 'Fewer than one in business hours is an alert: check-out may be broken without an error.',
    unit: 'short',
    queries: { orders: most('techmart_orders_last_hour') },
    links: [toRunbook('NoOrders'), toDashboard('api')],
  }),
  stacked({
    title: 'Orders by status',
    description: 'All orders, by how far they are.',
    unit: 'short',
    queries: { '{{status}}': most('techmart_orders', 'status') },
  }),
  graph({
    title: 'Revenue of the day',
    description: 'How it grows until midnight (UTC).',
    unit: money,
    queries: { revenue: most('techmart_revenue_today') },
  }),
];

const people = [
  figure('Users', 'Accounts.', 'techmart_users'),
  figure('Active today', 'Users who logged in today (UTC).', 'techmart_users_active_today'),
  figure('New today', 'Accounts opened today (UTC).', 'techmart_users_new_today'),
  stat({
    title: 'From the cart to an order',
    description: 'Share of the shoppers of 7 days that ordered.',
    unit: 'percentunit',
    queries: { conversion: most('techmart_cart_conversion_ratio') },
    width: 6,
  }),
  stat({
    title: 'Age of these figures',
    description: 'They are computed in the background every 30 s. After 300 s an alert says that no worker computes them.',
    unit: 's',
    queries: { age: `time() - ${most('techmart_business_computed_timestamp_seconds')}` },
    limits: [120, 300],
    width: 6,
    links: [toRunbook('BusinessFiguresStale')],
  }),
];

const stock = [
  figure('Products', 'On sale.', 'techmart_products').height(8),
  stat({
    title: 'Low stock',
    description: 'Products on sale of which ten or fewer are left.',
    unit: 'short',
    queries: { low: most('techmart_products_low_stock') },
    height: 8,
    links: [toRunbook('LowStock')],
  }),
  graph({
    title: 'Share of products nearly sold out',
    description: 'Above 5 % buyers are told.',
    unit: 'percentunit',
    queries: { share: `${most('techmart_products_low_stock')} / ${most('techmart_products')}` },
    limits: [0.04, 0.05],
    links: [toRunbook('LowStock')],
  }),
  table({
    title: 'Best sellers',
    description: 'The five products of which most pieces were sold in 7 days.',
    unit: 'short',
    queries: { pieces: most('techmart_top_product_sold', 'rank, product') },
    width: 8,
  }).height(8),
];

export const business = () =>
  dashboardOf('business', 'Orders, revenue, users and stock. Every replica tells the same figures.', application, [
    ['Sales', sales],
    ['People', people],
    ['Stock', stock],
  ]);

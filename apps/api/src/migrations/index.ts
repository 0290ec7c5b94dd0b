import { Accounts1795478400001 } from './1795478400001-accounts.js';
import { Catalogue1795478400002 } from './1795478400002-catalogue.js';
import { Orders1795478400003 } from './1795478400003-orders.js';
import { Recommendations1795478400004 } from './1795478400004-recommendations.js';
import { Community1795478400005 } from './1795478400005-community.js';
import { Events1795478400006 } from './1795478400006-events.js';
import { Search1795478400007 } from './1795478400007-search.js';
import { Checkout1795478400010 } from './1795478400010-checkout.js';
import { ModerationAndPostSearch1795478400014 } from './1795478400014-moderation-and-post-search.js';
import { ErasedAccounts1795478400016 } from './1795478400016-erased-accounts.js';
import { EventDelivery1795478400025 } from './1795478400025-event-delivery.js';
import { EventQueues1795478400026 } from './1795478400026-event-queues.js';
import { CatalogueReads1795478400030 } from './1795478400030-catalogue-reads.js';
import { ErasedAddresses1795478400035 } from './1795478400035-erased-addresses.js';
import { UnpaidOrders1795478400036 } from './1795478400036-unpaid-orders.js';
import { BusinessFigures1795478400040 } from './1795478400040-business-figures.js';
import { EndpointBaselines1795478400070 } from './1795478400070-endpoint-baselines.js';

/** In the order they run. A class that has run anywhere is never edited: the next change is the next class. */
export const migrations = [
  Accounts1795478400001,
  Catalogue1795478400002,
  Orders1795478400003,
  Recommendations1795478400004,
  Community1795478400005,
  Events1795478400006,
  Search1795478400007,
  Checkout1795478400010,
  ModerationAndPostSearch1795478400014,
  ErasedAccounts1795478400016,
  EventDelivery1795478400025,
  EventQueues1795478400026,
  CatalogueReads1795478400030,
  ErasedAddresses1795478400035,
  UnpaidOrders1795478400036,
  BusinessFigures1795478400040,
  EndpointBaselines1795478400070,
];

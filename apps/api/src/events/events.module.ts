import { Module } from '@nestjs/common';
import { OutboxService } from './outbox.js';

@Module({ providers: [OutboxService], exports: [OutboxService] })
export class EventsModule {}

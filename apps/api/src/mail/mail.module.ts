import { Module } from '@nestjs/common';
import { CONFIG } from '../app.tokens.js';
import { MailService } from './mail.service.js';
import { createMailTransport, MAIL_TRANSPORT, type MailTransport } from './mail.transport.js';

@Module({
  providers: [
    { provide: MAIL_TRANSPORT, inject: [CONFIG], useFactory: createMailTransport },
    { provide: MailService, inject: [MAIL_TRANSPORT], useFactory: (transport: MailTransport) => new MailService(transport) },
  ],
  exports: [MailService],
})
export class MailModule {}

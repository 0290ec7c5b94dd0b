import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { auditPage, auditQuery, type AuditQuery } from './audit.dto.js';
import { AuditService } from './audit.service.js';

@ApiTags('audit')
@Controller('audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @Access('admin')
  @ApiDoc({ summary: 'Who changed what, newest first', description: 'What admins and sellers changed.', answer: auditPage })
  list(@Query({ schema: auditQuery }) query: AuditQuery) {
    return this.audit.list(query);
  }
}

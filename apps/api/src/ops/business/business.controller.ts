import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { businessReport } from './business.dto.js';
import { BusinessService } from './business.service.js';

@ApiTags('monitoring')
@Controller('monitoring/business')
export class BusinessController {
  constructor(private readonly business: BusinessService) {}

  @Get()
  @Access('admin')
  @ApiDoc({ summary: 'The shop in business figures', description: 'Computed every 30 seconds.', answer: businessReport })
  read() {
    return this.business.read();
  }
}

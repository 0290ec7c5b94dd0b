import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { PersonalDataRepository } from './personal-data.repository.js';
import { PublicUsersController } from './public-users.controller.js';
import { UsersListRepository } from './users-list.repository.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AuditModule],
  controllers: [PublicUsersController],
  providers: [UsersService, UsersRepository, UsersListRepository, PersonalDataRepository],
  exports: [UsersService],
})
export class UsersModule {}

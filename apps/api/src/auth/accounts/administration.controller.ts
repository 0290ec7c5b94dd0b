import { Body, Controller, Delete, Get, Headers, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access, CurrentUser, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { parseIfMatch } from '../../http/if-match.js';
import { idParameter } from '../../http/schema.js';
import {
  user,
  userChange,
  userCreation,
  usersPage,
  usersQuery,
  type User,
  type UserChange,
  type UserCreation,
  type UsersQuery,
} from '../../users/users.dto.js';
import { UsersService } from '../../users/users.service.js';
import { AccountsService } from './accounts.service.js';
import { ApiIfMatch } from './version-tag.js';

/** Administration of accounts. Here, and not with the users, since a new account needs a password hash and a closed one its sessions ended. */
@ApiTags('users')
@Controller('users')
export class AdministrationController {
  constructor(
    private readonly users: UsersService,
    private readonly accounts: AccountsService,
  ) {}

  @Get()
  @Access('admin')
  @ApiDoc({ summary: 'Accounts, with the number of their orders and posts', answer: usersPage })
  list(@Query({ schema: usersQuery }) query: UsersQuery) {
    return this.users.list(query);
  }

  @Post()
  @Access('admin')
  @ApiDoc({ summary: 'Open an account for somebody', answer: user, status: 201, problems: [409] })
  async create(
    @CurrentUser() { userId }: Identity,
    @Body({ schema: userCreation }) body: UserCreation,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<User> {
    const created = await this.accounts.create(userId, body);
    reply.header('location', `/users/${created.id}`);
    return created;
  }

  @Get(':id')
  @Access('admin')
  @ApiDoc({ summary: 'One account', answer: user, problems: [404] })
  get(@Param('id', { schema: idParameter }) id: number) {
    return this.users.get(id);
  }

  @Patch(':id')
  @Access('admin')
  @ApiIfMatch()
  @ApiDoc({
    summary: 'Change an account',
    description: 'The last active admin cannot be demoted or deactivated.',
    answer: user,
    problems: [404, 409, 412],
  })
  change(
    @CurrentUser() admin: Identity,
    @Param('id', { schema: idParameter }) id: number,
    @Body({ schema: userChange }) body: UserChange,
    @Headers('If-Match') ifMatch?: string,
  ): Promise<User> {
    return this.accounts.change(admin, id, body, parseIfMatch(ifMatch));
  }

  @Delete(':id')
  @Access('admin')
  @ApiDoc({ summary: 'Deactivate an account', description: 'Its sessions end at once; its data stays.', problems: [404, 409] })
  async deactivate(@CurrentUser() admin: Identity, @Param('id', { schema: idParameter }) id: number): Promise<void> {
    await this.accounts.change(admin, id, { is_active: false });
  }
}

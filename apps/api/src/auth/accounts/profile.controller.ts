import { Body, Controller, Delete, Get, Header, Headers, Param, Patch, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Access, CurrentUser, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { parseIfMatch } from '../../http/if-match.js';
import { profile, profileChange, profileExport, user, type Profile, type ProfileChange, type User } from '../../users/users.dto.js';
import { UsersService } from '../../users/users.service.js';
import { sessionsList, type SessionsList } from '../auth.dto.js';
import { SessionsService } from '../sessions.service.js';
import { AccountsService } from './accounts.service.js';
import { ApiIfMatch, versionTag } from './version-tag.js';

/** The caller's own account. */
@ApiTags('profile')
@Controller('users/profile')
export class ProfileController {
  constructor(
    private readonly users: UsersService,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
  ) {}

  @Get()
  @Access()
  @ApiDoc({ summary: 'Your account', description: 'With your orders and what you spent on them; `ETag` is the version.', answer: profile })
  async get(@CurrentUser() { userId }: Identity, @Res({ passthrough: true }) reply: FastifyReply): Promise<Profile> {
    const own = await this.users.getProfile(userId);
    reply.header('etag', versionTag(own));
    return own;
  }

  @Patch()
  @Access()
  @ApiIfMatch()
  @ApiDoc({
    summary: 'Change your account',
    description: 'A new `email` or `password` takes the current password; without the right one the answer is 403.',
    answer: user,
    problems: [403, 409, 412],
  })
  async change(
    @CurrentUser() own: Identity,
    @Body({ schema: profileChange }) body: ProfileChange,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('If-Match') ifMatch?: string,
  ): Promise<User> {
    const changed = await this.accounts.changeProfile(own, body, parseIfMatch(ifMatch));
    reply.header('etag', versionTag(changed));
    return changed;
  }

  @Delete()
  @Access()
  @ApiDoc({
    summary: 'Erase your account',
    description:
      'Personal data is erased for good, every session ends, and what you sell is taken off sale. Orders are kept without addresses and ' +
      'notes; those on their way lose theirs when they are done. Reviews, posts and comments stay, under a pseudonym.',
    problems: [409],
  })
  erase(@CurrentUser() own: Identity): Promise<void> {
    return this.users.erase(own);
  }

  @Get('export')
  @Access()
  @Header('content-disposition', 'attachment; filename="techmart-profile.json"')
  @ApiDoc({ summary: 'Everything that is held about you', answer: profileExport })
  export(@CurrentUser() { userId }: Identity) {
    return this.users.export(userId);
  }

  @Get('sessions')
  @Access()
  @ApiDoc({ summary: 'Where you are logged in', description: 'The hundred used last.', answer: sessionsList })
  async listSessions(@CurrentUser() { userId, sessionId }: Identity): Promise<SessionsList> {
    const rows = await this.sessions.list(userId);
    return { sessions: rows.map((row) => ({ ...row, is_current: row.id === sessionId })) };
  }

  @Delete('sessions')
  @Access()
  @ApiDoc({ summary: 'Log out everywhere else', description: 'The session of this token stays.' })
  endOthers(@CurrentUser() { userId, sessionId }: Identity): Promise<void> {
    return this.sessions.endOthers(userId, sessionId);
  }

  @Delete('sessions/:id')
  @Access()
  @ApiDoc({ summary: 'End one of your sessions', problems: [404] })
  endSession(@CurrentUser() { userId }: Identity, @Param('id', { schema: z.uuid() }) id: string): Promise<void> {
    return this.sessions.endOne(userId, id);
  }
}

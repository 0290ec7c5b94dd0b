import { CaptureRunning, Captures, flameGraph, flameGraphPolicy, summariseCpu, type CpuProfile, type HeapSummary } from '@app/profiling';
import { Controller, Post, Query, Res } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Access } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { cpuProfile, cpuQuery, heapQuery, heapSummary, type CpuQuery, type HeapQuery } from './captures.dto.js';
import { captureRunning } from './profiling.problems.js';

/** Ends when the client goes away: nobody would see the result. */
function whileConnected(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

const refuseSecond = (error: unknown): never => {
  throw error instanceof CaptureRunning ? captureRunning() : error;
};

/** Looks into the running process for some seconds. For admins, and one at a time. */
@ApiTags('profiling')
@Controller('profiling')
export class CapturesController {
  constructor(private readonly captures: Captures) {}

  @Post('cpu')
  @Access('admin')
  @ApiProduces('application/json', 'text/html')
  @ApiDoc({
    summary: 'Where the CPU time goes: a flame graph, or a .cpuprofile',
    description: 'Answers when the time is over; the process that answers is a few percent slower meanwhile.',
    answer: cpuProfile,
    problems: [409],
  })
  async cpu(@Query({ schema: cpuQuery }) { seconds, format }: CpuQuery, @Res({ passthrough: true }) reply: FastifyReply) {
    const profile = await this.captures.cpu(seconds * 1000, whileConnected(reply)).catch(refuseSecond);
    const wantsPage = format === undefined ? (reply.request.headers.accept ?? '').includes('text/html') : format === 'html';
    return wantsPage ? page(profile, reply) : download(profile, reply);
  }

  @Post('heap')
  @Access('admin')
  @ApiDoc({ summary: 'What the heap holds, and who allocates', answer: heapSummary, problems: [409] })
  async heap(@Query({ schema: heapQuery }) { seconds, objects = false }: HeapQuery, @Res({ passthrough: true }) reply: FastifyReply) {
    const capture = { durationMs: seconds * 1000, withObjects: objects };
    return heapView(await this.captures.heap(capture, whileConnected(reply)).catch(refuseSecond));
  }
}

function page(profile: CpuProfile, reply: FastifyReply): string {
  void reply.type('text/html; charset=utf-8').header('content-security-policy', flameGraphPolicy);
  return flameGraph(summariseCpu(profile), `CPU at ${new Date().toISOString()}`);
}

function download(profile: CpuProfile, reply: FastifyReply): CpuProfile {
  const name = `techmart-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.cpuprofile`;
  void reply.header('content-disposition', `attachment; filename="${name}"`);
  return profile;
}

function heapView(summary: HeapSummary): z.output<typeof heapSummary> {
  return {
    used_bytes: summary.usedBytes,
    total_bytes: summary.totalBytes,
    limit_bytes: summary.limitBytes,
    external_bytes: summary.externalBytes,
    spaces: summary.spaces.map(({ name, usedBytes, totalBytes }) => ({ name, used_bytes: usedBytes, total_bytes: totalBytes })),
    allocations: summary.allocations.map(({ name, place, bytes }) => ({ function: name, place, bytes })),
    objects: summary.objects?.map(({ type, name, count, bytes }) => ({ type, constructor_name: name || null, count, bytes })) ?? null,
  };
}

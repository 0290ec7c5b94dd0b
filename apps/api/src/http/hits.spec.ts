import { ResponseCache } from '@app/cache';
import { Controller, Get, type Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Access, Public } from './access.js';
import { requirePublic } from './hits.js';

@Controller()
class OpenController {
  @Get('kept')
  @Public()
  @ResponseCache({ ttl: 1 })
  kept() {
    return {};
  }

  @Get('private')
  @Access('admin')
  notKept() {
    return {};
  }
}

@Controller()
class ClosedController {
  @Get()
  @Access('admin')
  @ResponseCache({ ttl: 1 })
  secret() {
    return {};
  }
}

@Controller()
class UndecidedController {
  @Get()
  @ResponseCache({ ttl: 1 })
  undecided() {
    return {};
  }
}

describe('requirePublic', () => {
  const look = async (controller: Type) => {
    const module = await Test.createTestingModule({ imports: [DiscoveryModule], controllers: [controller] }).compile();
    return () => requirePublic(module);
  };

  it('lets pass what is open to everybody, and what is not kept', async () => {
    expect(await look(OpenController)).not.toThrow();
  });

  it.each([
    [ClosedController, 'ClosedController.secret'],
    [UndecidedController, 'UndecidedController.undecided'],
  ])('refuses a kept answer that is not for everybody: %p', async (controller, name) => {
    expect(await look(controller)).toThrow(`${name}: a cached answer is for everybody, so the route must be public`);
  });
});

import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Captures } from './runtime/captures.js';
import { Profiler } from './profiler.js';
import { ProfilingInterceptor } from './profiling.interceptor.js';
import { GIVEN_OPTIONS, type ProfilingOptions } from './profiling.options.js';

const before = { provide: APP_INTERCEPTOR, useExisting: ProfilingInterceptor };

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<Partial<ProfilingOptions>>({ optionsInjectionToken: GIVEN_OPTIONS })
  .setClassMethodName('forRoot')
  // `intercepts: false`: the application lists the interceptor in a pipeline of its own.
  .setExtras({ intercepts: true, isGlobal: true }, (definition, { intercepts, isGlobal }) => ({
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), ...(intercepts ? [before] : [])],
  }))
  .build();

/** Profiles every request of the application that imports it. Its database connections must be the instrumented ones. */
@Module({ providers: [Profiler, ProfilingInterceptor, Captures], exports: [Profiler, ProfilingInterceptor, Captures] })
export class ProfilingModule extends ConfigurableModuleClass {}

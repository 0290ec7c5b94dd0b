import { systemClock, type Clock } from '@app/common';
import { Module, type DynamicModule } from '@nestjs/common';
import { CLOCK, CONFIG } from './app.tokens.js';
import type { Config } from './config.js';

/** Gives the configuration and the clock to whoever asks. Global: every feature is built from them. */
@Module({})
export class ConfigModule {
  static forRoot(config: Config, clock: Clock = systemClock): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: config },
      { provide: CLOCK, useValue: clock },
    ];
    return { module: ConfigModule, global: true, providers, exports: [CONFIG, CLOCK] };
  }
}

import { Module, type DynamicModule } from '@nestjs/common';
import { CONFIG } from './app.tokens.js';
import type { Config } from './config.js';

/** Gives the configuration to whoever asks for `CONFIG`. Global: it is the one value that every feature is built from. */
@Module({})
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    return { module: ConfigModule, global: true, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] };
  }
}

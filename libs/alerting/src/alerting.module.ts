import { Module } from '@nestjs/common';
import { AlertManager } from './alert-manager.js';
import { ConfigurableModuleClass } from './alerting.options.js';

@Module({ providers: [AlertManager], exports: [AlertManager] })
export class AlertingModule extends ConfigurableModuleClass {}

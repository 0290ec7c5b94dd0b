import { Injectable } from '@nestjs/common';

/** Whether this process wants traffic. It stops wanting it as soon as it is told to stop, before it stops answering. */
@Injectable()
export class Readiness {
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  drain(): void {
    this.draining = true;
  }
}

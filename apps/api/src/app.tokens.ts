/** Injects the frozen `Config`. */
export const CONFIG = Symbol('techmart:config');

/** Injects the `Clock`. */
export const CLOCK = Symbol('techmart:clock');

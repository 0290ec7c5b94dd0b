/** Injects the frozen `Config`. */
export const CONFIG = Symbol('techmart:config');

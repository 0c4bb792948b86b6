export { STORE_ERRORS } from './errors.ts';
export { createHttp } from './http.ts';
export type { FetchedBody, GetOptions, Http, HttpAnswer, HttpOptions } from './http.ts';
export { redactUrl } from './location.ts';
export type { Connection, Location } from './location.ts';
export { openStore } from './store.ts';
export type { Store, StoreOptions } from './store.ts';
export type { FetchOptions, FetchResult, StoreWatch, WantedFile } from './wanted.ts';

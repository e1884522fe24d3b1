/**
 * Ajv, for schemas that are only known when a run needs them. Import this file late (`await import`): it is dear at
 * start-up. It stands alone because a bundler keeps the named exports of a CommonJS package only for a static import.
 */
export { Ajv } from 'ajv'
export { Ajv2020 } from 'ajv/dist/2020.js'

/** Version of codemie-ci, put in by the build; `development` when run from source. */
export const VERSION = process.env['CODEMIE_CI_VERSION'] ?? 'development'

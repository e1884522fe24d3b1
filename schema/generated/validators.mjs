// Written by scripts/generate.mjs from the schemas in schema/; do not edit.
export { validateConfig } from './validate-config.mjs'
export { validateEnvelope } from './validate-envelope.mjs'
export { validateAssistant } from './validate-assistant.mjs'
export { validateConfigFile } from './validate-config-file.mjs'
export { validateOctomindFile } from './validate-octomind-file.mjs'
export { validateOctomindConfig } from './validate-octomind-config.mjs'
export { validateJsonSchema } from './validate-json-schema.mjs'

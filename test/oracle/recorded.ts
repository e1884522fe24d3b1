export * from '../unit/schema/language/vectors.ts'

import { defineConfig, globalIgnores } from 'eslint/config'
import nextVitals from 'eslint-config-next/core-web-vitals'
import nextTs from 'eslint-config-next/typescript'

export default defineConfig([
  ...nextVitals,
  ...nextTs,
  globalIgnores(['.next/**', 'next-env.d.ts']),
  // What a fragment makes is for what follows it on the page.
  { files: ['fragments/**'], rules: { '@typescript-eslint/no-unused-vars': 'off' } },
])

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // The development build of the components wants translations that only Grafana itself sets up.
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  oxc: { jsx: { runtime: 'automatic' } },
  resolve: {
    // The components bring a copy of their own, which would not see our theme.
    dedupe: ['@grafana/data', '@grafana/schema', 'react', 'react-dom', 'rxjs'],
    // Its CommonJS default export breaks the table; all that is wanted of it is a box that scrolls.
    alias: { 'react-custom-scrollbars-2': here('./src/scrollbars.jsx') },
  },
  build: { chunkSizeWarningLimit: 20000 },
  logLevel: 'warn',
});

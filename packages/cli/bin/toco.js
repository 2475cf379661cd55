#!/usr/bin/env node
// In the repository, and not built: package managers link a command when they install, before anything is built.
import '../dist/main.js';

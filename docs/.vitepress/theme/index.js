import DefaultTheme from 'vitepress/theme';
import { h } from 'vue';
import BrowserDemo from './BrowserDemo.vue';

export default {
  extends: DefaultTheme,
  // the first screen of the home page
  Layout: () => h(DefaultTheme.Layout, null, { 'home-hero-after': () => h(BrowserDemo) }),
};

export { describeWith } from '../../../../libs/common/test/services.js';

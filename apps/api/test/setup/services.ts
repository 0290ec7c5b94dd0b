export { describeIf, describeWith } from '../../../../libs/common/test/services.js';

import { describe, expect, it } from '@jest/globals';
import { ErrorCode, insufficientScope, missingCapability, RpcError, ToolError } from '../../../protocol/errors.js';

describe('errors', () => {
  it('names the capability a client lacks, in words and as data', () => {
    const error = missingCapability({ elicitation: { url: {} } });
    expect(error).toBeInstanceOf(RpcError);
    expect(error.code).toBe(-32021);
    expect(error.message).toContain('elicitation');
    expect(error.data).toEqual({ requiredCapabilities: { elicitation: { url: {} } } });
  });

  it('names the scopes a caller lacks', () => {
    const error = insufficientScope(['a:read', 'b:write']);
    expect(error.code).toBe(ErrorCode.insufficientScope);
    expect(error.message).toContain('a:read b:write');
    expect(error.data).toEqual({ scopes: ['a:read', 'b:write'] });
  });

  it('keeps what is for the model apart from what is for the client', () => {
    expect(new ToolError('no')).not.toBeInstanceOf(RpcError);
    expect(new ToolError('no').name).toBe('ToolError');
  });

  it('gives each code to one meaning', () => {
    const codes = Object.values(ErrorCode);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

import { type CApi, checked, type Pointer } from './capi.js';
import { dimensions } from './native-tensor.js';
import { messageBytes } from '@toco/formats';

/** Kinds of attributes, numbered as TensorFlow does (`TF_AttrType`) and as tfjs-node passes them. */
export const AttributeType = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5, tensor: 6 } as const;

/** An attribute of an operation in the form in which tfjs-node's kernels describe it. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** Attribute `T`-like: an element type. */
export function typeAttribute(name: string, value: number): Attribute {
  return { name, type: AttributeType.type, value };
}

/** An attribute that holds a static shape. */
export function shapeAttribute(name: string, value: readonly number[]): Attribute {
  return { name, type: AttributeType.shape, value };
}

/** An attribute that holds text. */
export function stringAttribute(name: string, value: string): Attribute {
  return { name, type: AttributeType.string, value };
}

/** Sets an attribute of an operation that is being described. */
export function setAttribute(api: CApi, description: Pointer, { name, type, value }: Attribute): void {
  switch (type) {
    case AttributeType.string: {
      if (Array.isArray(value)) {
        // AttrValue: 1 = list; its 2 = texts
        const proto = messageBytes([[1, messageBytes((value as string[]).map((text) => [2, text]))]]);
        checked(api, name, (status) => {
          api.TF_SetAttrValueProto(description, name, proto, proto.length, status);
        });
        return;
      }
      const bytes = Buffer.from(value as string);
      api.TF_SetAttrString(description, name, bytes, bytes.length);
      return;
    }
    case AttributeType.int:
      if (Array.isArray(value)) {
        api.TF_SetAttrIntList(description, name, dimensions(value as number[]), value.length);
      } else api.TF_SetAttrInt(description, name, value as number);
      return;
    case AttributeType.float:
      if (Array.isArray(value)) {
        api.TF_SetAttrFloatList(description, name, Float32Array.from(value as number[]), value.length);
      } else api.TF_SetAttrFloat(description, name, value as number);
      return;
    case AttributeType.bool:
      if (Array.isArray(value)) {
        api.TF_SetAttrBoolList(description, name, Uint8Array.from(value as number[]), value.length);
      } else api.TF_SetAttrBool(description, name, value ? 1 : 0);
      return;
    case AttributeType.type:
      if (Array.isArray(value)) {
        api.TF_SetAttrTypeList(description, name, Int32Array.from(value as number[]), value.length);
      } else api.TF_SetAttrType(description, name, value as number);
      return;
    case AttributeType.shape:
      api.TF_SetAttrShape(description, name, dimensions(value as number[]), (value as number[]).length);
      return;
    case AttributeType.tensor:
      checked(api, name, (status) => {
        api.TF_SetAttrTensor(description, name, value as Pointer, status);
      });
      return;
    default:
      throw new Error(`Attribute ${name} is of the unknown kind ${type}.`);
  }
}

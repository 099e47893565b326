// Draws the avatar: three.js, one light set-up, an orbit of our own, and nothing that moves without being asked to.
import * as THREE from 'three';
import { GLTFLoader } from '/three/GLTFLoader.js';

const frameInterval = 1000 / 30;
const limit = { yaw: 1.9, pitch: 0.9, near: 0.55, far: 1.7 };

export class Viewer {
  constructor(canvas, veil) {
    this.canvas = canvas;
    this.veil = veil;
    this.renderer = new THREE.WebGLRenderer({ canvas, alpha: true, antialias: true });
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
    this.renderer.toneMapping = THREE.NeutralToneMapping;
    this.renderer.toneMappingExposure = 1;
    this.scene = new THREE.Scene();
    this.camera = new THREE.PerspectiveCamera(24, 1, 0.05, 10);
    this.loader = new GLTFLoader();
    // Turned by the user or the turntable; inside it the head, turned by the person's own motion.
    this.table = new THREE.Group();
    this.head = new THREE.Group();
    this.table.add(this.head);
    this.scene.add(this.table, ...lights());
    this.centre = null;
    this.yaw = 0;
    this.pitch = 0;
    this.distance = 1;
    this.turning = false;
    this.phase = 0;
    this.motion = null;
    this.rest = null;
    this.followed = 0;
    this.wanted = true;
    this.last = 0;
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.listen();
    this.resize();
    requestAnimationFrame((now) => this.frame(now));
  }

  /** Replaces the avatar by another edition; the camera stays where it is. */
  async show(bytes, fade) {
    const { scene } = await this.loader.parseAsync(bytes, '');
    const before = this.avatar;
    if (before && fade) this.cover();
    if (before) this.head.remove(before);
    this.avatar = scene;
    this.head.add(scene);
    this.meshes = [];
    scene.traverse((node) => {
      if (!node.isMesh) return;
      this.meshes.push(node);
      // Morphs move vertices out of the box that was computed at rest.
      node.frustumCulled = false;
      for (const map of [node.material.map, node.material.normalMap, node.material.roughnessMap]) {
        if (map) map.anisotropy = 4;
      }
      if (node.material.name === 'lashes') node.material.depthWrite = false;
    });
    if (!this.centre) this.frameHead(scene);
    const foot = this.centre.y - this.size.y / 2;
    for (const mesh of this.meshes) {
      if (mesh.material.name === 'skin') fadeBelow(mesh.material, foot + 0.02 * this.size.y, foot + 0.22 * this.size.y);
      if (mesh.material.name === 'lashes') mesh.renderOrder = 1;
    }
    this.head.position.copy(this.centre).negate();
    this.renderer.compile(this.scene, this.camera);
    if (before) dispose(before);
    this.wanted = true;
    this.draw();
    if (before && fade) this.uncover();
  }

  get hasAvatar() { return Boolean(this.avatar); }

  /** The newest motion of the person, or nothing when the head is to rest. */
  follow(sample) {
    this.motion = sample;
    this.wanted = true;
  }

  front() {
    this.yaw = this.pitch = this.phase = 0;
    this.distance = 1;
    this.wanted = true;
  }

  nudge(yaw, pitch) {
    this.yaw = clamp(this.yaw + yaw, -limit.yaw, limit.yaw);
    this.pitch = clamp(this.pitch + pitch, -limit.pitch, limit.pitch);
    this.wanted = true;
  }

  zoom(factor) {
    this.distance = clamp(this.distance * factor, limit.near, limit.far);
    this.wanted = true;
  }

  /** Of the first avatar; those after it differ by millimetres, and the camera stays. */
  frameHead(scene) {
    // At rest: a mesh's own bounding box would have room for every expression at once.
    const box = new THREE.Box3();
    scene.traverse((node) => {
      if (node.isMesh) box.union(new THREE.Box3().setFromBufferAttribute(node.geometry.attributes.position));
    });
    this.centre = box.getCenter(new THREE.Vector3());
    this.size = box.getSize(new THREE.Vector3());
  }

  frame(now) {
    requestAnimationFrame((next) => this.frame(next));
    if (now - this.last < frameInterval - 2) return;
    const seconds = Math.min((now - this.last) / 1000, 0.1);
    this.last = now;
    if (!this.avatar) return;
    const followed = this.motion ? 1 : 0;
    this.followed += (followed - this.followed) * Math.min(1, seconds * 6);
    if (this.turning && !this.motion) {
      this.phase += seconds * (2 * Math.PI / 18);
      this.wanted = true;
    }
    if (this.motion || this.followed > 0.01) {
      this.pose(seconds);
      this.wanted = true;
    }
    if (this.wanted) this.draw();
  }

  pose(seconds) {
    const quickly = Math.min(1, seconds * 20);
    const target = new THREE.Quaternion();
    const shift = new THREE.Vector3();
    if (this.motion) {
      target.fromArray(this.motion.rotation);
      const at = new THREE.Vector3().fromArray(this.motion.translation);
      // Where the head mostly is, is the middle.
      this.rest = this.rest ? this.rest.lerp(at, Math.min(1, seconds * 0.3)) : at.clone();
      shift.copy(at).sub(this.rest).clampLength(0, 0.06);
    }
    this.head.quaternion.slerp(target, quickly);
    const middle = this.centre.clone().applyQuaternion(this.head.quaternion).negate();
    this.shift = (this.shift ?? new THREE.Vector3()).lerp(shift, quickly);
    this.head.position.copy(middle).add(this.shift);
    for (const mesh of this.meshes) {
      if (!mesh.morphTargetInfluences) continue;
      for (const [name, index] of Object.entries(mesh.morphTargetDictionary)) {
        const weight = this.motion?.weights[name] ?? 0;
        mesh.morphTargetInfluences[index] += (weight - mesh.morphTargetInfluences[index]) * quickly;
      }
    }
    if (!this.motion && this.followed < 0.02) {
      this.followed = 0;
      this.rest = null;
    }
  }

  draw() {
    this.wanted = false;
    const sway = 0.85 * Math.sin(this.phase);
    this.table.rotation.set(this.pitch, this.yaw + sway, 0, 'XYZ');
    if (this.size) {
      // The head's height, and its depth and width when turned, stay inside the picture.
      const tall = this.size.y * 0.5 / Math.tan(this.camera.fov * Math.PI / 360);
      const wide = Math.max(this.size.x, this.size.z) * 0.56
        / (Math.tan(this.camera.fov * Math.PI / 360) * this.camera.aspect);
      this.camera.position.set(0, 0, (Math.max(tall, wide) * 0.98 + this.size.z / 2) * this.distance);
      // The neck runs out, so that what is seen of the head is above the middle of its box.
      this.camera.position.y = 0.03 * this.size.y;
      this.camera.lookAt(0, 0.03 * this.size.y, 0);
    }
    this.renderer.render(this.scene, this.camera);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    if (this.avatar) this.draw();
  }

  /** A still of the old edition lies over the new one and fades. */
  cover() {
    this.draw();
    this.veil.width = this.canvas.width;
    this.veil.height = this.canvas.height;
    this.veil.getContext('2d').drawImage(this.canvas, 0, 0);
    this.veil.classList.remove('fading');
    this.veil.style.opacity = 1;
  }

  uncover() {
    requestAnimationFrame(() => {
      this.veil.classList.add('fading');
      this.veil.style.opacity = 0;
    });
  }

  listen() {
    const { canvas } = this;
    const pointers = new Map();
    const mirror = () => (canvas.closest('.mirrored') ? -1 : 1);
    canvas.addEventListener('pointerdown', (event) => {
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      const from = pointers.get(event.pointerId);
      if (!from) return;
      const others = [...pointers].filter(([id]) => id !== event.pointerId);
      const to = [event.clientX, event.clientY];
      if (others.length === 1) {
        const [x, y] = others[0][1];
        this.zoom(Math.hypot(from[0] - x, from[1] - y) / Math.max(Math.hypot(to[0] - x, to[1] - y), 1));
      } else if (others.length === 0) {
        this.nudge((to[0] - from[0]) * 0.008 * mirror(), (to[1] - from[1]) * 0.006);
      }
      pointers.set(event.pointerId, to);
    });
    for (const end of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
    }
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoom(Math.exp(clamp(event.deltaY, -100, 100) * 0.0012));
    }, { passive: false });
    canvas.addEventListener('keydown', (event) => {
      const step = 0.14;
      const actions = {
        ArrowLeft: () => this.nudge(-step * mirror(), 0),
        ArrowRight: () => this.nudge(step * mirror(), 0),
        ArrowUp: () => this.nudge(0, -step),
        ArrowDown: () => this.nudge(0, step),
        '+': () => this.zoom(0.9),
        '=': () => this.zoom(0.9),
        '-': () => this.zoom(1.1),
        Home: () => this.front(),
      };
      const action = actions[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
  }
}

function clamp(value, low, high) { return Math.min(Math.max(value, low), high); }

/** A large soft light from the upper left, a weak one from the right, and a rim from behind. */
function lights() {
  const hemisphere = new THREE.HemisphereLight(0xffffff, 0x9a8c80, 1.7);
  const make = (colour, strength, x, y, z) => {
    const light = new THREE.DirectionalLight(colour, strength);
    light.position.set(x, y, z);
    return light;
  };
  return [
    hemisphere,
    make(0xfff4ea, 1.75, -1.2, 1.1, 2), make(0xe8f0ff, 0.75, 1.8, 0.2, 1.4), make(0xffffff, 0.9, 0.8, 1.2, -2),
  ];
}

/** A neck that ends in nothing rather than in an edge: heights in the model's own metres. */
function fadeBelow(material, low, high) {
  material.transparent = true;
  material.onBeforeCompile = (shader) => {
    shader.uniforms.fadeLow = { value: low };
    shader.uniforms.fadeHigh = { value: high };
    shader.vertexShader = `varying float height;\n${shader.vertexShader}`
      .replace('#include <begin_vertex>', '#include <begin_vertex>\n height = position.y;');
    shader.fragmentShader = `varying float height;\nuniform float fadeLow;\nuniform float fadeHigh;\n${shader.fragmentShader}`
      .replace('#include <opaque_fragment>', '#include <opaque_fragment>\n gl_FragColor.a *= smoothstep(fadeLow, fadeHigh, height);');
  };
}

function dispose(scene) {
  scene.traverse((node) => {
    if (!node.isMesh) return;
    node.geometry.dispose();
    for (const value of Object.values(node.material)) {
      if (value?.isTexture) {
        value.source.data?.close?.();
        value.dispose();
      }
    }
    node.material.dispose();
  });
}

// SPDX-License-Identifier: Apache-2.0
// A Leshan management server for the interoperability tests: one JSON object a line, commands on
// standard input, answers and events on standard output.
//   java -cp 'LIB/*' LeshanServer.java PORT MODELS-DIR [KEYS]      (port 0 lets the system choose)
// With KEYS it listens for coaps too: JSON with "devices", each with "endpoint" and, where it is not a certificate,
// "identity" and "key", or "public"; and, for other than pre-shared keys, "private" and "certificate" of its own and
// "trust", an authority's. DER in hexadecimal.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.link.lwm2m.attributes.DefaultLwM2mAttributeParser;
import org.eclipse.leshan.core.link.lwm2m.attributes.LwM2mAttributeSet;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ResourceModel;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mResourceInstance;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.node.TimestampedLwM2mNodes;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.CreateRequest;
import org.eclipse.leshan.core.request.DeleteRequest;
import org.eclipse.leshan.core.request.DiscoverRequest;
import org.eclipse.leshan.core.request.DownlinkDeviceManagementRequest;
import org.eclipse.leshan.core.request.ExecuteRequest;
import org.eclipse.leshan.core.request.ObserveCompositeRequest;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadCompositeRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.SendRequest;
import org.eclipse.leshan.core.request.WriteAttributesRequest;
import org.eclipse.leshan.core.request.WriteCompositeRequest;
import org.eclipse.leshan.core.request.WriteRequest;
import org.eclipse.leshan.core.response.CreateResponse;
import org.eclipse.leshan.core.response.DiscoverResponse;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.response.ReadCompositeResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import java.security.cert.X509Certificate;
import org.eclipse.leshan.core.security.util.SecurityUtil;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.model.VersionedModelProvider;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.queue.PresenceListener;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.server.send.SendListener;
import org.eclipse.leshan.servers.security.InMemorySecurityStore;
import org.eclipse.leshan.servers.security.SecurityInfo;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coap.CoapServerProtocolProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coaps.CoapsServerProtocolProvider;

public class LeshanServer {
    static final ObjectMapper JSON = new ObjectMapper();
    static final long TIMEOUT_MS = 10_000;

    static synchronized void say(Map<String, Object> line) {
        try {
            System.out.println(JSON.writeValueAsString(line));
            System.out.flush();
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    static Map<String, Object> event(String name, Registration registration) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", name);
        line.put("endpoint", registration.getEndpoint());
        line.put("lifetime", registration.getLifeTimeInSec());
        line.put("version", registration.getLwM2mVersion().toString());
        line.put("queue", registration.getQueueMode());
        List<String> links = new ArrayList<>();
        for (var link : registration.getSortedObjectLinks()) links.add(link.getUriReference());
        line.put("links", links);
        return line;
    }

    static Object plain(Object value) {
        if (value instanceof byte[]) return Base64.getEncoder().encodeToString((byte[]) value);
        if (value instanceof Date) return ((Date) value).getTime() / 1000;
        if (value instanceof Number || value instanceof Boolean) return value;
        return String.valueOf(value);
    }

    /** Every value under `node` by its path. */
    static void flatten(String path, LwM2mNode node, Map<String, Object> out) {
        if (node instanceof LwM2mObject) {
            for (var instance : ((LwM2mObject) node).getInstances().values())
                flatten(path + "/" + instance.getId(), instance, out);
        } else if (node instanceof LwM2mObjectInstance) {
            for (var resource : ((LwM2mObjectInstance) node).getResources().values())
                flatten(path + "/" + resource.getId(), resource, out);
        } else if (node instanceof LwM2mResourceInstance) {
            out.put(path, plain(((LwM2mResourceInstance) node).getValue()));
        } else if (((LwM2mResource) node).isMultiInstances()) {
            for (var instance : ((LwM2mResource) node).getInstances().values())
                flatten(path + "/" + instance.getId(), instance, out);
        } else {
            out.put(path, plain(((LwM2mResource) node).getValue()));
        }
    }

    static Object typed(ResourceModel.Type type, JsonNode value) {
        switch (type) {
            case INTEGER: return value.asLong();
            case FLOAT: return value.asDouble();
            case BOOLEAN: return value.asBoolean();
            case OPAQUE: return Base64.getDecoder().decode(value.asText());
            case TIME: return new Date(value.asLong() * 1000);
            default: return value.asText();
        }
    }

    static List<LwM2mResource> resources(JsonNode command) {
        List<LwM2mResource> list = new ArrayList<>();
        for (JsonNode item : command.get("resources")) {
            var type = ResourceModel.Type.valueOf(item.get("type").asText().toUpperCase());
            list.add(LwM2mSingleResource.newResource(item.get("id").asInt(), typed(type, item.get("value")), type));
        }
        return list;
    }

    static List<String> paths(JsonNode command) {
        List<String> list = new ArrayList<>();
        for (JsonNode path : command.get("paths")) list.add(path.asText());
        return list;
    }

    static void flatten(Map<LwM2mPath, LwM2mNode> nodes, Map<String, Object> out) {
        for (var node : nodes.entrySet()) {
            if (node.getValue() != null) flatten(node.getKey().isRoot() ? "" : node.getKey().toString(), node.getValue(), out);
        }
    }

    static DownlinkDeviceManagementRequest<?> request(JsonNode command) throws Exception {
        String path = command.path("path").asText();
        ContentFormat format =
            command.has("format") ? ContentFormat.fromCode(command.get("format").asInt()) : null;
        var ids = new LwM2mPath(path);
        switch (command.get("do").asText()) {
            case "read": return new ReadRequest(format, path);
            case "observe": return new ObserveRequest(format, path);
            case "read-composite": return new ReadCompositeRequest(format, format, paths(command));
            case "observe-composite":
                return new ObserveCompositeRequest(format, format,
                    paths(command).stream().map(LwM2mPath::new).collect(Collectors.toList()));
            case "write-composite": {
                Map<String, Object> values = new LinkedHashMap<>();
                for (JsonNode item : command.get("resources")) {
                    var type = ResourceModel.Type.valueOf(item.get("type").asText().toUpperCase());
                    values.put(item.get("path").asText(), typed(type, item.get("value")));
                }
                return new WriteCompositeRequest(format, values);
            }
            case "discover": return new DiscoverRequest(path);
            case "delete": return new DeleteRequest(path);
            case "execute": return new ExecuteRequest(path, command.path("arguments").asText(null));
            case "attributes":
                return new WriteAttributesRequest(path,
                    new LwM2mAttributeSet(new DefaultLwM2mAttributeParser().parseUriQuery(command.get("query").asText())));
            case "create":
                if (!command.has("instance")) return new CreateRequest(format, path, resources(command));
                return new CreateRequest(format, ids.getObjectId(),
                    new LwM2mObjectInstance(command.get("instance").asInt(), resources(command)));
            case "write": {
                var mode = command.path("partial").asBoolean() ? WriteRequest.Mode.UPDATE : WriteRequest.Mode.REPLACE;
                if (ids.isObjectInstance())
                    return new WriteRequest(mode, format, ids.getObjectId(), ids.getObjectInstanceId(), resources(command));
                var type = ResourceModel.Type.valueOf(command.get("type").asText().toUpperCase());
                if (ids.isResourceInstance())
                    return new WriteRequest(format, ids.getObjectId(), ids.getObjectInstanceId(), ids.getResourceId(),
                        ids.getResourceInstanceId(), typed(type, command.get("value")), type);
                return new WriteRequest(mode, format, path,
                    LwM2mSingleResource.newResource(ids.getResourceId(), typed(type, command.get("value")), type));
            }
            default: throw new IllegalArgumentException("unknown command: " + command);
        }
    }

    static byte[] bytes(JsonNode hex) { return Hex.decodeHex(hex.asText().toCharArray()); }

    /** Who it is, and whom it takes. */
    static void secure(LeshanServerBuilder builder, JsonNode keys) throws Exception {
        if (keys.has("private")) {
            builder.setPrivateKey(SecurityUtil.privateKey.decode(bytes(keys.get("private"))));
            builder.setCertificateChain(
                new X509Certificate[] {SecurityUtil.certificate.decode(bytes(keys.get("certificate")))});
            builder.setTrustedCertificates(
                new X509Certificate[] {SecurityUtil.certificate.decode(bytes(keys.get("trust")))});
        }
        var store = new InMemorySecurityStore();
        for (JsonNode device : keys.get("devices")) {
            String endpoint = device.get("endpoint").asText();
            if (device.has("identity")) {
                store.add(SecurityInfo.newPreSharedKeyInfo(endpoint, device.get("identity").asText(), bytes(device.get("key"))));
            } else if (device.has("public")) {
                store.add(SecurityInfo.newRawPublicKeyInfo(endpoint, SecurityUtil.publicKey.decode(bytes(device.get("public")))));
            } else {
                store.add(SecurityInfo.newX509CertInfo(endpoint));
            }
        }
        builder.setSecurityStore(store);
    }

    public static void main(String[] arguments) throws Exception {
        var endpoints = new CaliforniumServerEndpointsProvider.Builder(new CoapServerProtocolProvider(),
                                                                       new CoapsServerProtocolProvider());
        endpoints.addEndpoint(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), Protocol.COAP);
        boolean secured = arguments.length > 2;
        if (secured) endpoints.addEndpoint(new InetSocketAddress("127.0.0.1", 0), Protocol.COAPS);
        var builder = new LeshanServerBuilder();
        if (secured) secure(builder, JSON.readTree(arguments[2]));
        builder.setEndpointsProviders(endpoints.build());
        var models = new ArrayList<>(ObjectLoader.loadAllDefault());
        models.addAll(ObjectLoader.loadObjectsFromDir(new File(arguments[1])));
        builder.setObjectModelProvider(new VersionedModelProvider(models));
        var server = builder.build();

        server.getRegistrationService().addListener(new RegistrationListener() {
            @Override
            public void registered(Registration now, Registration before, Collection<Observation> ended) {
                say(event("registered", now));
            }

            @Override
            public void updated(RegistrationUpdate update, Registration now, Registration before) {
                say(event("updated", now));
            }

            @Override
            public void unregistered(Registration gone, Collection<Observation> ended, boolean expired, Registration by) {
                say(event(expired ? "expired" : "deregistered", gone));
            }
        });
        server.getObservationService().addListener(new ObservationListener() {
            @Override
            public void newObservation(Observation observation, Registration registration) {}

            @Override
            public void cancelled(Observation observation) {}

            @Override
            public void onResponse(SingleObservation observation, Registration registration, ObserveResponse response) {
                Map<String, Object> line = new LinkedHashMap<>();
                line.put("event", "notified");
                line.put("path", observation.getPath().toString());
                Map<String, Object> values = new LinkedHashMap<>();
                if (response.getContent() != null) flatten(observation.getPath().toString(), response.getContent(), values);
                line.put("values", values);
                say(line);
            }

            @Override
            public void onResponse(CompositeObservation observation, Registration registration,
                                   ObserveCompositeResponse response) {
                Map<String, Object> line = new LinkedHashMap<>();
                line.put("event", "notified-composite");
                Map<String, Object> values = new LinkedHashMap<>();
                flatten(response.getContent(), values);
                line.put("values", values);
                say(line);
            }

            @Override
            public void onError(Observation observation, Registration registration, Exception error) {
                say(Map.of("event", "notify-error", "error", String.valueOf(error)));
            }
        });
        server.getSendService().addListener(new SendListener() {
            @Override
            public void dataReceived(Registration registration, TimestampedLwM2mNodes data, SendRequest request) {
                for (var time : data.getTimestamps()) {
                    Map<String, Object> line = new LinkedHashMap<>();
                    line.put("event", "sent");
                    line.put("endpoint", registration.getEndpoint());
                    line.put("time", time == null ? null : time.getEpochSecond());
                    Map<String, Object> values = new LinkedHashMap<>();
                    flatten(data.getNodesAt(time), values);
                    line.put("values", values);
                    say(line);
                }
            }

            @Override
            public void onError(Registration registration, String message, Exception error) {
                say(Map.of("event", "send-error", "error", String.valueOf(error)));
            }
        });
        server.getPresenceService().addListener(new PresenceListener() {
            @Override
            public void onAwake(Registration registration) {
                say(Map.of("event", "awake", "endpoint", registration.getEndpoint()));
            }

            @Override
            public void onSleeping(Registration registration) {
                say(Map.of("event", "sleeping", "endpoint", registration.getEndpoint()));
            }
        });
        server.start();
        Map<String, Object> started = new LinkedHashMap<>();
        started.put("event", "started");
        started.put("port", server.getEndpoint(Protocol.COAP).getURI().getPort());
        if (secured) started.put("secured", server.getEndpoint(Protocol.COAPS).getURI().getPort());
        say(started);

        var input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null;) {
            JsonNode command = JSON.readTree(line);
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("answer", command.get("do").asText());
            try {
                if (command.get("do").asText().equals("exit")) break;
                Registration registration =
                    server.getRegistrationService().getByEndpoint(command.get("endpoint").asText());
                if (command.get("do").asText().equals("cancel")) {
                    answer.put("cancelled",
                        command.has("paths")
                            ? server.getObservationService().cancelCompositeObservations(registration,
                                  paths(command).toArray(new String[0]))
                            : server.getObservationService().cancelObservations(registration, command.get("path").asText()));
                } else {
                    LwM2mResponse response = server.send(registration, request(command), TIMEOUT_MS);
                    answer.put("code", response == null ? "timeout" : response.getCode().toString());
                    if (response instanceof ReadResponse && ((ReadResponse) response).getContent() != null) {
                        Map<String, Object> values = new LinkedHashMap<>();
                        flatten(command.get("path").asText(), ((ReadResponse) response).getContent(), values);
                        answer.put("values", values);
                    }
                    Map<LwM2mPath, LwM2mNode> nodes = null;
                    if (response instanceof ReadCompositeResponse) nodes = ((ReadCompositeResponse) response).getContent();
                    if (nodes != null) {
                        Map<String, Object> values = new LinkedHashMap<>();
                        flatten(nodes, values);
                        answer.put("values", values);
                    }
                    if (response instanceof CreateResponse) answer.put("location", ((CreateResponse) response).getLocation());
                    if (response instanceof DiscoverResponse && response.isSuccess()) {
                        List<String> links = new ArrayList<>();
                        for (var link : ((DiscoverResponse) response).getObjectLinks()) links.add(link.toString());
                        answer.put("links", links);
                    }
                }
            } catch (Exception failure) {
                answer.put("error", String.valueOf(failure));
            }
            say(answer);
        }
        server.destroy();
        System.exit(0);
    }
}

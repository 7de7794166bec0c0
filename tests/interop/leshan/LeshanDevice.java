// SPDX-License-Identifier: Apache-2.0
// A Leshan device for the interoperability tests: it registers at the server given (or, with
// `bootstrap`, lets itself be bootstrapped by it), serves the objects 1, 3 and 33442 (from the DDF files of
// a folder) and tells what happens as one JSON object a line; commands come on standard input:
// {"do":"update"}, {"do":"fire","resource":RID}, {"do":"send","format":F,"paths":[...]},
// {"do":"collect","paths":[...]} (with the time), {"do":"flush"} (sends what was collected), {"do":"exit"}.
//   java -cp 'LIB/*' LeshanDevice.java coap[s]://HOST:PORT ENDPOINT LIFETIME MODELS-DIR [queue] [bootstrap] [KEYS]
// KEYS of a coaps server, in hexadecimal and DER: psk IDENTITY KEY, rpk OWN PRIVATE SERVER, or x509 the same,
// which are certificates then.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.eclipse.leshan.client.LeshanClient;
import org.eclipse.leshan.client.LeshanClientBuilder;
import org.eclipse.leshan.client.engine.DefaultRegistrationEngineFactory;
import org.eclipse.leshan.client.object.Device;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.observer.LwM2mClientObserverAdapter;
import org.eclipse.leshan.client.resource.BaseInstanceEnablerFactory;
import org.eclipse.leshan.client.resource.LwM2mInstanceEnabler;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.resource.SimpleInstanceEnabler;
import org.eclipse.leshan.client.send.ManualDataSender;
import org.eclipse.leshan.client.servers.LwM2mServer;
import org.eclipse.leshan.core.LwM2mId;
import org.eclipse.leshan.core.ResponseCode;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.StaticModel;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.DeregisterRequest;
import org.eclipse.leshan.core.request.RegisterRequest;
import org.eclipse.leshan.core.request.UpdateRequest;
import org.eclipse.leshan.core.request.argument.Arguments;
import org.eclipse.leshan.core.response.ExecuteResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.response.WriteResponse;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.transport.californium.client.endpoint.CaliforniumClientEndpointsProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coap.CoapClientProtocolProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coaps.CoapsClientProtocolProvider;

public class LeshanDevice {
    static final ObjectMapper JSON = new ObjectMapper();
    static final int ALL_TYPES = 33442;

    static synchronized void say(String event, Object... pairs) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", event);
        for (int i = 0; i + 1 < pairs.length; i += 2) line.put((String) pairs[i], pairs[i + 1]);
        try {
            System.out.println(JSON.writeValueAsString(line));
            System.out.flush();
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** Object 3 whose battery falls at each reading, so that a notification differs from the last. */
    public static class Thing extends Device {
        private int battery = 100;

        public Thing() { super("Leshan", "peer", "0001", EnumSet.of(BindingMode.U)); }

        @Override
        public ReadResponse read(LwM2mServer server, int resource) {
            if (resource == 9) return ReadResponse.success(resource, battery--);
            return super.read(server, resource);
        }

        @Override
        public WriteResponse write(LwM2mServer server, boolean replace, int resource, LwM2mResource value) {
            say("written", "path", "/3/0/" + resource, "value", String.valueOf(value.getValue()));
            return super.write(server, replace, resource, value);
        }

        @Override
        public ExecuteResponse execute(LwM2mServer server, int resource, Arguments arguments) {
            say("executed", "path", "/3/0/" + resource, "arguments", arguments.serialize());
            return ExecuteResponse.success();
        }
    }

    static List<String> paths(JsonNode command) {
        List<String> list = new ArrayList<>();
        for (JsonNode path : command.get("paths")) list.add(path.asText());
        return list;
    }

    static ManualDataSender sender(LeshanClient client) {
        return client.getSendService().getDataSender(ManualDataSender.DEFAULT_NAME, ManualDataSender.class);
    }

    static byte[] bytes(String hex) { return Hex.decodeHex(hex.toCharArray()); }

    static Security account(String uri, List<String> options) {
        int psk = options.indexOf("psk"), rpk = options.indexOf("rpk"), x509 = options.indexOf("x509");
        if (psk >= 0) return Security.psk(uri, 1, options.get(psk + 1).getBytes(), bytes(options.get(psk + 2)));
        if (rpk >= 0)
            return Security.rpk(uri, 1, bytes(options.get(rpk + 1)), bytes(options.get(rpk + 2)), bytes(options.get(rpk + 3)));
        if (x509 >= 0)
            return Security.x509(uri, 1, bytes(options.get(x509 + 1)), bytes(options.get(x509 + 2)), bytes(options.get(x509 + 3)));
        return Security.noSec(uri, 1);
    }

    public static void main(String[] arguments) throws Exception {
        var models = new ArrayList<>(ObjectLoader.loadDefault());
        models.addAll(ObjectLoader.loadObjectsFromDir(new File(arguments[3])));
        var objects = new ObjectsInitializer(new StaticModel(models));
        var options = List.of(arguments).subList(4, arguments.length);
        if (options.contains("bootstrap")) {
            objects.setInstancesForObject(LwM2mId.SECURITY, Security.noSecBootstrap(arguments[0]));
            objects.setClassForObject(LwM2mId.SERVER, Server.class);
        } else {
            objects.setInstancesForObject(LwM2mId.SECURITY, account(arguments[0], options));
            objects.setInstancesForObject(LwM2mId.SERVER, new Server(1, Long.parseLong(arguments[2])));
        }
        var thing = new Thing();
        objects.setInstancesForObject(LwM2mId.DEVICE, thing);
        objects.setFactoryForObject(ALL_TYPES, new BaseInstanceEnablerFactory() {
            @Override
            public LwM2mInstanceEnabler create() { return new SimpleInstanceEnabler(); }
        });
        objects.setInstancesForObject(ALL_TYPES, new SimpleInstanceEnabler(0, 0, "linnet", 1, -7L, 3, 1.5, 4, true));

        var builder = new LeshanClientBuilder(arguments[1]);
        builder.setObjects(objects.createAll());
        builder.setRegistrationEngineFactory(
            new DefaultRegistrationEngineFactory().setQueueMode(options.contains("queue")));
        builder.setDataSenders(new ManualDataSender());
        builder.setEndpointsProviders(
            new CaliforniumClientEndpointsProvider.Builder(new CoapClientProtocolProvider(), new CoapsClientProtocolProvider()).build());
        var client = builder.build();
        client.addObserver(new LwM2mClientObserverAdapter() {
            @Override
            public void onBootstrapSuccess(LwM2mServer server, BootstrapRequest request) {
                say("bootstrapped");
            }

            @Override
            public void onBootstrapFailure(LwM2mServer server, BootstrapRequest request, ResponseCode code,
                                           String message, Exception cause) {
                say("bootstrap-failed", "code", String.valueOf(code), "message", message);
            }

            @Override
            public void onRegistrationSuccess(LwM2mServer server, RegisterRequest request, String id) {
                say("registered", "location", id);
            }

            @Override
            public void onRegistrationFailure(LwM2mServer server, RegisterRequest request, ResponseCode code,
                                              String message, Exception cause) {
                say("refused", "code", String.valueOf(code), "message", message);
            }

            @Override
            public void onUpdateSuccess(LwM2mServer server, UpdateRequest request) {
                say("updated");
            }

            @Override
            public void onDeregistrationSuccess(LwM2mServer server, DeregisterRequest request) {
                say("deregistered");
            }
        });
        client.start();

        var input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null;) {
            var command = JSON.readTree(line);
            switch (command.get("do").asText()) {
                case "update": client.triggerRegistrationUpdate(); break;
                case "fire": thing.fireResourceChange(command.get("resource").asInt()); break;
                case "send": {
                    var answer = client.getSendService().sendData(client.getRegisteredServers().values().iterator().next(),
                        ContentFormat.fromCode(command.get("format").asInt()), paths(command), 10_000);
                    say("sent", "code", answer == null ? "timeout" : answer.getCode().toString());
                    break;
                }
                case "collect":
                    sender(client).collectData(paths(command).stream().map(LwM2mPath::new).collect(Collectors.toList()));
                    say("collected");
                    break;
                case "flush":
                    sender(client).sendCollectedData(client.getRegisteredServers().values().iterator().next(),
                        ContentFormat.fromCode(command.get("format").asInt()), 10_000, false);
                    break;
                case "exit":
                    client.destroy(true);
                    System.exit(0);
                    break;
                default: say("error", "message", "unknown command");
            }
        }
        client.destroy(false);
        System.exit(0);
    }
}
